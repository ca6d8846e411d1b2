export function version(): i32 {
  return 1;
}
export * from './detect/face';
