/**
 * The rule: whoever may write the secret store must not thereby decide which code a task runs, whom it trusts, or who
 * it believes it is. So no secret may arrive as a variable that a loader, a shell, an interpreter or Flyte itself
 * obeys. Two kinds of variable stay allowed although tools obey them, because they exist to carry credentials:
 * `NODE_AUTH_TOKEN` (npm's) and `HTTP_PROXY` and its kin (the proxy's password is in the URL, and TLS still holds).
 */
const STEERING: readonly { readonly by: string; readonly names: RegExp }[] = [
  {
    by: 'the shell and every program it starts',
    names:
      /^(?:PATH|HOME|SHELL|IFS|ENV|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|CDPATH|PWD|USER|LOGNAME|EDITOR|VISUAL|PAGER|BROWSER)$/,
  },
  {
    // What glibc itself ignores in set-user-ID programs, https://sourceware.org/git/?p=glibc.git;f=sysdeps/generic/unsecvars.h
    by: 'the dynamic loader and the C library',
    names:
      /^(?:LD_.*|DYLD_.*|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|MALLOC_.*|NIS_PATH|NLSPATH|RESOLV_.*|RES_OPTIONS|TMPDIR|TZDIR)$/,
  },
  { by: 'Node.js and npm', names: /^(?:NODE_(?!AUTH_TOKEN$).*|NPM_CONFIG_.*)$/ },
  {
    by: 'another interpreter',
    names:
      /^(?:PYTHON.*|PERL5LIB|PERL5OPT|PERL5DB|PERLLIB|RUBYOPT|RUBYLIB|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|CLASSPATH|VIRTUAL_ENV)$/,
  },
  {
    by: 'git and ssh',
    names:
      /^(?:GIT_SSH|GIT_SSH_COMMAND|GIT_ASKPASS|SSH_ASKPASS|GIT_EXEC_PATH|GIT_EXTERNAL_DIFF|GIT_PROXY_COMMAND|GIT_EDITOR|GIT_PAGER|GIT_TEMPLATE_DIR|GIT_CONFIG.*)$/,
  },
  {
    by: 'TLS: which certificates are trusted, which modules are loaded',
    names: /^(?:OPENSSL_CONF|OPENSSL_ENGINES|OPENSSL_MODULES|SSL_CERT_FILE|SSL_CERT_DIR|SSLKEYLOGFILE)$/,
  },
  { by: 'clients inside a Kubernetes cluster', names: /^(?:KUBERNETES_SERVICE_.*|KUBERNETES_PORT.*|KUBECONFIG)$/ },
  {
    // What Flyte sets for an action, and what its official SDK reads.
    by: 'Flyte',
    names: /^(?:FLYTE_.*|_U_.*|_F_.*|_RUN_MODE|RUN_NAME|ACTION_NAME|UCTL_CONFIG|FLYTECTL_CONFIG)$/,
  },
];

/**
 * Who would obey a variable, where a secret in it would steer the process; undefined where the name is free.
 *
 * @param name as in the environment, upper case
 */
export function steeredBy(name: string): string | undefined {
  return STEERING.find(({ names }) => names.test(name))?.by;
}
