# shellcheck shell=bash
# What a person (`status`) and a test (`env`) want to know.

print_status() {
  local daemon state all_up=0
  for daemon in "${daemons[@]}"; do
    state=$(state_of "$daemon")
    [[ $state == up || $state == off ]] || all_up=1
    printf '%-9s %-6s %7s  %s\n' "$daemon" "$state" "$(pid_of "$daemon" || echo -)" "$(listens "$daemon")"
  done
  return $all_up
}

listens() {
  case $1 in
    munged) echo "$munge_socket" ;;
    *) echo "port $(port_of "$1")" ;;
  esac
}

# print_env json|shell USER: the identity file is a copy that belongs to USER.
print_env() {
  local format=$1 identity daemon pid
  identity=$(identity_for "$2") || exit 1
  local -A facts=([host]=127.0.0.1 [port]=$(port_of sshd) [user]=$user [user2]=$user2
    [identityFile]=$identity [knownHostsFile]=$ssh_dir/known_hosts [slurmConf]=$slurm_conf [mungeSocket]=$munge_socket
    [name]=$rig_name [cluster]=$cluster [sgeRoot]=$sge_root [sgeCell]=$SGE_CELL [mode]=$mode [fast]=$fast [portBase]=$port_base
    [dir]=$rig_dir [run]=$rig_run [log]=$rig_log)
  local -a ports=() pids=()
  for daemon in "${daemons[@]}"; do
    uses "$daemon" || continue
    [[ $daemon == munged ]] || ports+=("$daemon" "$(port_of "$daemon")")
    pid=$(pid_of "$daemon") && pids+=("$daemon" "$pid")
  done
  "print_env_$format"
}

# Sees the variables of print_env.
print_env_shell() {
  local name i
  for name in "${!facts[@]}"; do
    case $name in
      slurmConf | sgeRoot | sgeCell) printf '%s=%s\n' "$(upper_snake "$name")" "${facts[$name]}" ;;
      *) printf 'RIG_%s=%s\n' "$(upper_snake "$name")" "${facts[$name]}" ;;
    esac
  done | sort
  printf 'SGE_%s_PORT=%s\n' QMASTER "$SGE_QMASTER_PORT" EXECD "$SGE_EXECD_PORT"
  for ((i = 0; i < ${#ports[@]}; i += 2)); do printf 'RIG_PORT_%s=%s\n' "${ports[i]^^}" "${ports[i + 1]}"; done
  for ((i = 0; i < ${#pids[@]}; i += 2)); do printf 'RIG_PID_%s=%s\n' "${pids[i]^^}" "${pids[i + 1]}"; done
}

upper_snake() { sed -e 's/[A-Z]/_&/g' -e 's/.*/\U&/' <<<"$1"; }

print_env_json() {
  local name
  printf '{'
  for name in "${!facts[@]}"; do
    case $name in
      port | portBase) printf '"%s":%s,' "$name" "${facts[$name]}" ;;
      fast) printf '"fast":%s,' "$( ((fast)) && echo true || echo false)" ;;
      *) printf '"%s":"%s",' "$name" "${facts[$name]}" ;;
    esac
  done
  printf '"ports":{%s},"pids":{%s}}\n' "$(json_numbers "${ports[@]}")" "$(json_numbers "${pids[@]}")"
}

json_numbers() {
  local separator=
  while (($#)); do
    printf '%s"%s":%s' "$separator" "$1" "$2"
    separator=,
    shift 2
  done
}
