import { expect, it } from 'vitest';
import { steeredBy } from './steering-variables.js';

it.each([
  [/shell/, ['PATH', 'BASH_FUNC_ls', 'PAGER']],
  [/loader/, ['LD_PRELOAD', 'MALLOC_CHECK_', 'RESOLV_ADD_TRIM_DOMAINS', 'TMPDIR']],
  [/Node\.js/, ['NODE_OPTIONS', 'NODE_AUTH_TOKEN_X', 'NPM_CONFIG_REGISTRY']],
  [/interpreter/, ['PYTHONSTARTUP', 'RUBYOPT', 'VIRTUAL_ENV']],
  [/git/, ['GIT_SSH', 'GIT_CONFIG_COUNT', 'SSH_ASKPASS']],
  [/TLS/, ['OPENSSL_CONF', 'SSLKEYLOGFILE']],
  [/Kubernetes/, ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_PORT_443_TCP', 'KUBECONFIG']],
  [/Flyte/, ['FLYTE_SECRETS_DEFAULT_DIR', '_U_EP_OVERRIDE', '_F_X', 'RUN_NAME']],
])('%s obeys %j', (by, names) => {
  for (const name of names) expect(steeredBy(name), name).toMatch(by);
});

it('a name that only begins or ends like one is free, and so is what exists to carry a credential', () => {
  const like = [
    'MY_PATH',
    'PATH_PREFIX',
    'MY_LD_X',
    'TMPDIR_2',
    'MY_NODE_X',
    'VIRTUAL_ENV_2',
    'MY_GIT_SSH',
    'GIT_SSH_KEY',
  ];
  const more = ['SSL_CERT_FILE_2', 'MY_OPENSSL_CONF', 'KUBECONFIG_2', 'MY_KUBECONFIG', 'RUN_NAME_2', 'MY_FLYTE_X'];
  for (const name of [...like, ...more, 'NODE_AUTH_TOKEN', 'HTTP_PROXY']) expect(steeredBy(name), name).toBeUndefined();
});
