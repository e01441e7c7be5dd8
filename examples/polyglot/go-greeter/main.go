// A greeter served by HashiCorp's go-plugin: a method, a route, a route for bodies of any size, and a middleware.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	greet = iota + 1
	hello
	upper
	stamp
)

// The log of the plugin; what it writes to stderr is the host's log.
var logger = hclog.New(&hclog.LoggerOptions{Name: "greeter", Output: os.Stderr, JSONFormat: true})

type greeter struct {
	UnimplementedPluginServer
	greeting string
	count    int64
}

func (g *greeter) Initialize(_ context.Context, request *InitializeRequest) (*InitializeResponse, error) {
	config := struct {
		Greeting string `json:"greeting"`
	}{}
	if err := json.Unmarshal(request.Config, &config); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	g.greeting = config.Greeting
	logger.Info("greeter initialised", "greeting", g.greeting, "isolation", request.Isolation)
	return &InitializeResponse{Registrations: []*Registration{
		{Id: greet, Kind: &Registration_Method{Method: &Method{Name: "greet"}}},
		{Id: hello, Kind: &Registration_Route{Route: &Route{Method: "GET", Path: "/go-hello/:name"}}},
		{Id: upper, Kind: &Registration_Route{Route: &Route{Method: "POST", Path: "/go-upper", Streams: true}}},
		{Id: stamp, Kind: &Registration_Middleware{Middleware: &Middleware{Paths: []string{"/go-hello/*"}}}},
	}}, nil
}

func (g *greeter) Handle(_ context.Context, request *HandleRequest) (*HandleResponse, error) {
	switch request.Registration {
	case greet:
		call := struct {
			Name string `json:"name"`
		}{}
		if len(request.GetJson()) > 0 {
			if err := json.Unmarshal(request.GetJson(), &call); err != nil {
				return failed("GREETING_UNREADABLE", "invalid", err.Error()), nil
			}
		}
		if call.Name == "" {
			return failed("GREETING_NAME_MISSING", "invalid", "a greeting needs a name"), nil
		}
		answer, err := json.Marshal(map[string]interface{}{"text": g.greet(call.Name), "count": atomic.LoadInt64(&g.count)})
		return &HandleResponse{Output: &HandleResponse_Json{Json: answer}}, err
	case hello:
		text := g.greet(request.GetHttp().Params["name"])
		return &HandleResponse{Output: &HandleResponse_Http{Http: &HttpResponse{
			Status:  200,
			Headers: []*Header{{Name: "content-type", Value: "text/plain; charset=utf-8"}},
			Body:    []byte(text),
		}}}, nil
	}
	return &HandleResponse{Output: &HandleResponse_Error{Error: unknown(request.Registration)}}, nil
}

func (g *greeter) HandleStream(stream Plugin_HandleStreamServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	switch called := first.GetOpen(); called.GetRegistration() {
	case upper:
		return upperCase(stream)
	case stamp:
		return stamped(stream)
	default:
		return stream.Send(&AnswerFrame{Frame: &AnswerFrame_Error{Error: unknown(called.GetRegistration())}})
	}
}

func (g *greeter) HealthCheck(context.Context, *HealthCheckRequest) (*HealthCheckResponse, error) {
	return &HealthCheckResponse{Healthy: true}, nil
}

func (g *greeter) Shutdown(_ context.Context, request *ShutdownRequest) (*ShutdownResponse, error) {
	logger.Info("greeter ends", "reason", request.Reason)
	return &ShutdownResponse{}, nil
}

func (g *greeter) greet(name string) string {
	atomic.AddInt64(&g.count, 1)
	return fmt.Sprintf("%s, %s!", g.greeting, name)
}

// Answers while the request still arrives: neither is ever held as a whole.
func upperCase(stream Plugin_HandleStreamServer) error {
	head := &AnswerFrame{Frame: &AnswerFrame_Head{Head: &HttpResponse{Status: 200}}}
	if err := stream.Send(head); err != nil {
		return err
	}
	for {
		frame, err := stream.Recv()
		if err == io.EOF || frame.GetEnd() {
			return nil
		}
		if err != nil {
			return err
		}
		chunk := []byte(strings.ToUpper(string(frame.GetChunk())))
		if err := stream.Send(&AnswerFrame{Frame: &AnswerFrame_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
	}
}

// Lets requests through, and adds a header field to what comes back.
func stamped(stream Plugin_HandleStreamServer) error {
	if err := stream.Send(&AnswerFrame{Frame: &AnswerFrame_Next{Next: &Next{Unchanged: true}}}); err != nil {
		return err
	}
	frame, err := stream.Recv()
	if err != nil {
		return err
	}
	answered := frame.GetAnswered()
	pass := &HttpResponse{Status: answered.Status, Headers: append(answered.Headers, &Header{Name: "x-go", Value: "go-plugin"})}
	return stream.Send(&AnswerFrame{Frame: &AnswerFrame_Pass{Pass: pass}})
}

func unknown(registration uint32) *Error {
	return &Error{Code: "METHOD_UNKNOWN", Kind: "not-found", Message: fmt.Sprintf("there is no registration %d", registration)}
}

func failed(code, kind, message string) *HandleResponse {
	return &HandleResponse{Output: &HandleResponse_Error{Error: &Error{Code: code, Kind: kind, Message: message}}}
}

// What go-plugin serves: this plugin, and beside it health, controller and broker of its own.
type served struct {
	plugin.NetRPCUnsupportedPlugin
}

func (served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	RegisterPluginServer(server, &greeter{})
	return nil
}

func (served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (interface{}, error) {
	return nil, fmt.Errorf("this is the plugin's side")
}

// Calls of anybody but the host that started this process are refused; a host of go-plugin gives no token.
func checkToken(ctx context.Context, method string) error {
	token := os.Getenv("HOTSWAP_PLUGIN_TOKEN")
	fields, _ := metadata.FromIncomingContext(ctx)
	given := strings.Join(fields.Get("hotswap-token"), "")
	if token == "" || given == token {
		return nil
	}
	return status.Error(codes.Unauthenticated, "the metadata hotswap-token is missing or wrong: "+method)
}

func newServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.UnaryInterceptor(func(ctx context.Context, request interface{}, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (interface{}, error) {
			if err := checkToken(ctx, info.FullMethod); err != nil {
				return nil, err
			}
			return next(ctx, request)
		}),
		grpc.StreamInterceptor(func(service interface{}, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := checkToken(stream.Context(), info.FullMethod); err != nil {
				return err
			}
			return next(service, stream)
		}),
	)...)
}

// HotSwap holds this process's standard input open for as long as it lives.
func endWithHost() {
	info, err := os.Stdin.Stat()
	if os.Getenv("HOTSWAP_PLUGIN_TOKEN") == "" || err != nil || info.Mode()&os.ModeNamedPipe == 0 && info.Mode()&os.ModeSocket == 0 {
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

func main() {
	go endWithHost()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "HOTSWAP_PLUGIN",
			MagicCookieValue: "c3f1a5d2-hotswap-plugin",
		},
		Plugins:    plugin.PluginSet{"hotswap": served{}},
		GRPCServer: newServer,
		Logger:     logger,
	})
}
