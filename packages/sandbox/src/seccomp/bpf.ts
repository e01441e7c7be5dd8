/**
 * Programs of the classic Berkeley packet filter, as the kernel takes them for seccomp. Pure: each function returns a
 * list of instructions that can stand anywhere, for every jump is relative and forward.
 */
export interface BpfInstruction {
  readonly code: number;
  /** How many instructions to skip when the test holds, and when it does not; at most 255. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export type BpfProgram = readonly BpfInstruction[];

/** The codes of the instructions in use: BPF_LD|W|ABS, BPF_JMP|JA, |JEQ, |JGE, BPF_ALU|AND and BPF_RET, all with BPF_K. */
export const bpfCode = { load: 0x20, jump: 0x05, ifEqual: 0x15, ifAtLeast: 0x35, and: 0x54, return: 0x06 } as const;

const longestConditionalJump = 255;

/** Loads 32 bits of what the kernel shows of the call. */
export const load = (offset: number): BpfProgram => [plain(bpfCode.load, offset)];
export const and = (mask: number): BpfProgram => [plain(bpfCode.and, mask)];
/** Ends the program with this action. */
export const answer = (action: number): BpfProgram => [plain(bpfCode.return, action)];

/**
 * Goes on with one of two programs. `no` comes first, for the conditional jump is short: where `no` is longer than that, an
 * unconditional jump, which is not, stands between. Neither may run past its end.
 */
export function branch(
  test: 'ifEqual' | 'ifAtLeast',
  value: number,
  yes: BpfProgram,
  no: BpfProgram,
): BpfInstruction[] {
  const code = bpfCode[test];
  if (no.length <= longestConditionalJump) return [{ code, jt: no.length, jf: 0, k: value }, ...no, ...yes];
  return [{ code, jt: 0, jf: 1, k: value }, plain(bpfCode.jump, no.length), ...no, ...yes];
}

/** Goes into a program when the value is equal, else to what follows that program, which is short. */
export function skipUnless(value: number, program: BpfProgram): BpfProgram {
  return [{ code: bpfCode.ifEqual, jt: 0, jf: program.length, k: value }, ...program];
}

/** As the kernel reads it: `struct sock_filter`, eight bytes each, little endian on both architectures. */
export function encode(program: BpfProgram): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return bytes;
}

function plain(code: number, k: number): BpfInstruction {
  return { code, jt: 0, jf: 0, k };
}
