// What Nest makes and nobody names in an app. It comes from the built package, as an app's own would.
export { AuthPolicy } from '../../libs/flyte/dist/auth/auth-policy.js';
export { CurrentUser } from '../../libs/flyte/dist/remote/services/current-user.js';
