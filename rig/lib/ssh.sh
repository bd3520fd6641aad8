# shellcheck shell=bash
# sshd on a loopback port, and a key that opens it.

prepare_sshd() {
  local type account
  for type in ed25519 ecdsa; do
    [[ -f $ssh_dir/host_$type ]] || ssh-keygen -q -t "$type" -N '' -C "$rig_name" -f "$ssh_dir/host_$type"
  done
  [[ -f $ssh_dir/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C "$rig_name" -f "$ssh_dir/id_ed25519"
  # Not in the users' homes: two rigs share the users, and tests may do what they like with a home.
  install -d -m 755 "$ssh_dir/authorized_keys" "$ssh_dir/keys"
  for account in "$user" "$user2"; do install -m 644 "$ssh_dir/id_ed25519.pub" "$ssh_dir/authorized_keys/$account"; done
  for type in ed25519 ecdsa; do
    echo "[127.0.0.1]:$(port_of sshd) $(cut -d' ' -f1,2 "$ssh_dir/host_$type.pub")"
  done >"$ssh_dir/known_hosts.new"
  mv "$ssh_dir/known_hosts.new" "$ssh_dir/known_hosts"
  identity_for root >/dev/null
  if [[ ${SUDO_USER:-root} != root ]]; then identity_for "$SUDO_USER" >/dev/null; fi
  # sshd insists on this directory, whoever's sshd it is.
  install -d -m 755 /run/sshd
  render "$ssh_dir/sshd_config" 644 root sshd_config.in
}

start_sshd() {
  run_as root "$rig_log/start.log" /usr/sbin/sshd -f "$ssh_dir/sshd_config" -E "$rig_log/sshd.log" ||
    die "sshd: $(tail -1 "$rig_log/sshd.log")"
  wait_for 5 sshd pid_of sshd
}

# identity_for USER: prints the file with the private key that USER may use; ssh takes only a file that is the caller's own.
identity_for() {
  local file=$ssh_dir/keys/$1/id_ed25519
  if ((EUID == 0)); then
    install -d -m 755 "$ssh_dir/keys/$1"
    cmp -s "$ssh_dir/id_ed25519" "$file" || install -m 600 -o "$1" -g "$(id -g "$1")" "$ssh_dir/id_ed25519" "$file"
  fi
  [[ -e $file ]] || die "no key for $1 yet: run 'rig.sh env --for $1' as root once"
  echo "$file"
}
