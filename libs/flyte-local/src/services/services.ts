import type { DescMethod } from '@bufbuild/protobuf';
import { actionsService } from './actions-service.js';
import { authMetadataService } from './auth-metadata-service.js';
import { clusterService } from './cluster-service.js';
import { dataProxyService } from './data-proxy-service.js';
import { identityService } from './identity-service.js';
import type { PlaneService } from './plane-service.js';
import { projectService } from './project-service.js';
import { runService } from './run-service.js';
import { secretService } from './secret-service.js';
import { taskService } from './task-service.js';
import { triggerService } from './trigger-service.js';

/** Every service that the plane serves. */
export const SERVICES: readonly PlaneService[] = [
  identityService,
  authMetadataService,
  projectService,
  clusterService,
  secretService,
  taskService,
  triggerService,
  runService,
  actionsService,
  dataProxyService,
];

/**
 * Makes the rule which methods need no token.
 *
 * @param services the services that are served
 * @param auth whether anonymous callers may read
 */
export function openMethods(
  services: readonly PlaneService[],
  auth: 'required' | 'optional',
): (method: DescMethod) => boolean {
  const names = new Set<string>();
  for (const service of services) {
    for (const method of service.publicMethods ?? []) names.add(fullName(method));
    if (auth === 'optional') for (const method of service.anonymousReads ?? []) names.add(fullName(method));
  }
  return (method) => names.has(fullName(method));
}

/** By name, since a test may register a method with a descriptor of its own copy. */
function fullName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
