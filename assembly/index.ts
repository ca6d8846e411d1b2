// The export list and nothing else.
export * from './detect/face';
export {
  brokenGuard,
  inputAddress,
  inputFor,
  regionAddress,
  regionBytes,
  regionCount,
  regionIsState,
} from './memory';
export { init } from './setup';
export { Status } from './status';
