// Programmatic use: `createGateway(config)` and the types that go with it.
export { ConfigError, type Problem } from './config/problem.js';
export type { AnyFactory, ComponentFactory, Settings } from './config/settings.js';
export * from './pipeline/index.js';
export { createGateway, type Gateway, type GatewayInput, type GatewayOptions } from './service/gateway.js';
export type { Leftover } from './service/lifecycle.js';
export type { Addresses } from './service/service.js';
export type { ComponentStatus, StatusDocument } from './service/status.js';
export { VERSION } from './version.js';
