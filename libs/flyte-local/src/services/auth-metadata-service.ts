import { AuthMetadataService } from 'nestjs-flyte/idl/auth/auth_service';
import { authorizationServerDocument } from './discovery.js';
import type { PlaneService } from './plane-service.js';

/** How a client would find out where tokens come from. Public, since a client asks before it has one. */
export const authMetadataService: PlaneService = {
  publicMethods: [AuthMetadataService.method.getOAuth2Metadata, AuthMetadataService.method.getPublicClientConfig],
  register(router, { url, audience }) {
    router.service(AuthMetadataService, {
      getOAuth2Metadata() {
        const document = authorizationServerDocument(url());
        return {
          issuer: document.issuer,
          jwksUri: document.jwks_uri,
          responseTypesSupported: [...document.response_types_supported],
        };
      },
      // There is no login flow, so there is no client id and no redirect: only how to send a token, and for whom.
      getPublicClientConfig() {
        return { authorizationMetadataKey: 'authorization', audience, serviceHttpEndpoint: url() };
      },
    });
  },
};
