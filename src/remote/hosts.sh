# shellcheck shell=sh
# What is left of a job on several hosts is ended: hands `hosts` of its job directory to sweep.sh, which that file names.

# hz_sweep DIRECTORY TOKEN LEADER: LEADER and what descends from it stay; `-`: nobody is left here to stay. Does nothing
# for a job without that file.
hz_sweep() {
  [ -r "$1/hosts" ] || return 0
  while IFS= read -r hz_line; do
    case $hz_line in "sweep "*) command sh "${hz_line#sweep }" all "$1" "$2" "$3" ;; esac
  done <"$1/hosts"
}
