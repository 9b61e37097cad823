import { ClusterService } from 'nestjs-flyte/idl/cluster/service';
import type { PlaneService } from './plane-service.js';

/** Where to send the calls that need a cluster: here, whatever the operation. */
export const clusterService: PlaneService = {
  register(router, { url }) {
    router.service(ClusterService, {
      selectCluster() {
        return { clusterEndpoint: url(), cluster: 'local' };
      },
    });
  },
};
