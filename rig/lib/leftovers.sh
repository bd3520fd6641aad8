# shellcheck shell=bash
# What outlives the daemons: job steps, the jobs' processes, ssh sessions and what was left running in them.

# Prints the pids of this rig's, but never of our own ancestors: whoever calls `down` over the rig's own ssh goes on.
leftovers() {
  local directory pid
  local -A ancestors=()
  for ((pid = $$; pid > 1; pid = $(parent_of "$pid"))); do ancestors[$pid]=1; done
  for directory in /proc/[0-9]*; do
    pid=${directory#/proc/}
    [[ -z ${ancestors[$pid]:-} ]] && is_alive "$pid" && is_left_over "$pid" && echo "$pid"
  done
  return 0
}

parent_of() { awk '$1 == "PPid:" { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; }

is_left_over() {
  local environment
  environment=$({ tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null) || return 1
  # Set by sshd_config's SetEnv, and by Slurm and Grid Engine in every job.
  grep -qxF -e "HAWSER_RIG=$rig_dir" -e "SLURM_CLUSTER_NAME=$cluster" -e "SGE_ROOT=$sge_root" <<<"$environment" && return
  # slurmstepd and the sshd of a session overwrite their environment with a title, and keep the rig's log open.
  [[ $(command_line "$1") == @(slurmstepd:|sshd:)* ]] && readlink "/proc/$1/fd/"* 2>/dev/null | grep -qF "$rig_log/"
}

end_leftovers() {
  local pids
  mapfile -t pids < <(leftovers)
  ((${#pids[@]})) || return 0
  end_pids "${pids[@]}"
  say "${#pids[@]} left over processes ended"
}
