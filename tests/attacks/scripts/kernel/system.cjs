const ffi = require('node:ffi');
const { held } = require('../held.cjs');

const signature = { arguments: ['i64', 'u64', 'u64', 'u64', 'u64', 'u64', 'u64'], return: 'i64' };
let functions;

/** Makes a system call. @returns what it answers, and the error number where that is -1 */
exports.call = (number, ...given) => {
  functions ??= ffi.dlopen(null, {
    syscall: signature,
    __errno_location: { arguments: [], return: 'pointer' },
  }).functions;
  const args = [...given, 0, 0, 0, 0, 0, 0].slice(0, 6).map((value) => BigInt(value));
  const answer = functions.syscall(BigInt(number), ...args);
  return { answer, errno: answer === -1n ? ffi.getInt32(functions.__errno_location()) : 0 };
};

/** The address of bytes, and the bytes: whoever holds the list keeps them. */
exports.at = (bytes) => ffi.getRawPointer(bytes);

/**
 * The attack wins when the kernel does as asked. Some calls are refused by every kernel to somebody without rights: they
 * are asked in a way that a kernel which comes to look at them answers with one of `looked`, and a filter does not.
 */
exports.wins = ({ answer, errno }, name, looked = []) => {
  if (looked.includes(errno)) return `${name} reached the kernel, errno ${errno}`;
  return answer === -1n ? held(`${name}: errno ${errno}`) : `${name} answered ${answer}`;
};
