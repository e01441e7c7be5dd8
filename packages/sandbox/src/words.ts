// The words of this package without its machinery: for whoever speaks of layers long before one is needed.
export { layerNames, type LayerName, type LayerState } from './layers.ts';
export { type ResourceUsage, unknownUsage } from './resource-usage.ts';
