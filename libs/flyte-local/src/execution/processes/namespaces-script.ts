/**
 * What process 1 of an action's namespaces runs, in any POSIX shell. Its arguments are words with a path each, then `run`
 * and the command line:
 *
 * - `hide`: the folder looks empty; what `keep` names in it afterwards, relative to it, is there again under its own path.
 *   Device and inode follow both, because an action could move a folder above the hidden one, to have another one hidden next
 *   time, or put a link in the place of one that is kept, to have another one shown
 * - `secrets`: the folder is at `/etc/flyte/secrets`, too; an `/etc` without that place gets it by an overlay
 * - `protect`: the folder can only be read
 * - `disks`: what the folder (`/sys/class`) knows as disks is empty in `/dev`: root may open them without any capability
 * - `cd`: the command's working directory
 *
 * It may mount, so nothing that an action may choose reaches it: see `Namespaces.wrap`. `set -e` is what the rest stands on: where
 * something can't be hidden, the command does not start. SIGTERM ends the preparation; afterwards it is for the command alone,
 * since the system keeps it from a process 1 that does not ask for it.
 *
 * The command is not exec'ed, because it would be process 1 itself, which no signal of its own ends; it runs in a subshell with
 * the stderr that the shell gives up, because the shell would say there how the command ended. When it has ended, so does
 * the shell, and the system kills whatever else is in the namespace.
 */
export const PROCESS_1 = `set -eu
trap 'exit 143' TERM
trap '[ $? = 143 ] || { echo "This action could not be set apart, so it was not started." >&2; exit 125; }' EXIT
mount -t proc -o nosuid,nodev,noexec proc /proc
is_still() {
  [ "$(stat -c %d:%i .)" = "$2" ] || { echo "$1 is not the folder that it was: was it moved?" >&2; exit 1; }
}
overlay() {
  cd "$hidden" && mkdir -p etc/flyte/secrets && mount --no-canonicalize -t overlay -o lowerdir=etc:/etc flyte /etc
}
secrets() {
  { [ -d /etc/flyte/secrets ] || overlay; } && mount --bind "$1" /etc/flyte/secrets
}
while [ "$1" != run ]; do
  case $1 in
    hide)
      hidden=$2
      cd "$hidden"
      is_still "$hidden" "$3"
      mount --no-canonicalize -t tmpfs -o mode=0700,size=1m,nosuid,nodev flyte .
      shift ;;
    keep)
      mkdir -p "$hidden/$2"
      (cd -P "./$2" && is_still "$hidden/$2" "$3" && mount --no-canonicalize --bind . "$hidden/$2")
      shift ;;
    secrets)
      secrets "$2" 2>/dev/null ||
        echo "/etc/flyte/secrets can't be mounted; the secrets are in the folder of FLYTE_SECRETS_DEFAULT_DIR." >&2 ;;
    protect)
      mount --rbind "$2" "$2"
      mount -o remount,bind,ro "$2" ;;
    disks)
      for one in "$2"/block/* "$2"/scsi_generic/*; do
        [ ! -e "/dev/\${one##*/}" ] || mount --bind /dev/null "/dev/\${one##*/}"
      done ;;
    cd) cd "$2" ;;
  esac
  shift 2
done
shift
trap - TERM EXIT
exec 3>&2 2>/dev/null
(exec "$@" 2>&3 3>&-) || exit $?
`;
