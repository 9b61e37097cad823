import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { requireCaller } from '../calls/caller-context.js';
import type { PlaneService } from './plane-service.js';

/**
 * Tells callers who they are, as their token says it. Given and family name stay empty: a token of this plane has one
 * full name, and no rule splits every name rightly.
 */
export const identityService: PlaneService = {
  register(router) {
    router.service(IdentityService, {
      userInfo(_request, { values }) {
        const { subject, name, email } = requireCaller(values);
        return { subject, name, email };
      },
    });
  },
};
