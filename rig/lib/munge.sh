# shellcheck shell=bash
# munged, with a key and a socket of the rig's own.

prepare_munged() {
  local key=$rig_dir/munge/munge.key
  [[ -s $key ]] || install -m 400 -o munge -g munge <(head -c 1024 /dev/urandom) "$key"
}

start_munged() {
  local pid_file
  pid_file=$(pid_file munged)
  run_as munge "$rig_log/munge/start.log" /usr/sbin/munged --socket="$munge_socket" --key-file="$rig_dir/munge/munge.key" \
    --pid-file="$pid_file" --seed-file="$rig_dir/munge/munged.seed" --log-file="$rig_log/munge/munged.log" ||
    die "munged: $(tail -1 "$rig_log/munge/start.log")"
  wait_for 5 munged munge --socket="$munge_socket" --no-input
}
