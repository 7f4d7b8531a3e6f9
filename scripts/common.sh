# What the scripts share. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian packages, listed once. Debian 12 and 13 have them under these names.
build_packages=(
  ca-certificates ccache cmake g++ git ninja-build pkg-config
  catch2 libcli11-dev libcpp-httplib-dev libcurl4-openssl-dev libexpected-dev libjemalloc-dev librabbitmq-dev libsodium-dev
  libspdlog-dev libsqlite3-dev libsqlitecpp-dev libssl-dev libtomlplusplus-dev nlohmann-json3-dev
)
test_packages=(iproute2 openssl python3 rabbitmq-server strace)
fuzz_packages=(clang-19 libclang-rt-19-dev llvm-19)  # llvm-19: traces that name lines

step() { printf '\n== %s\n' "$*"; }

# Installs what is missing of the packages named. Asks nobody when nothing is missing.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  step "install ${missing[*]}"
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}"
}

# build PRESET TARGET: configures when that has not been done, and builds what has changed.
build() {
  local preset=$1 target=$2
  if [ ! -f "build/$preset/build.ninja" ]; then
    step "configure $preset"
    cmake --preset "$preset" >/dev/null
  fi
  step "build $target ($preset)"
  cmake --build --preset "$preset" --target "$target"
}

# What tests run beside svc that Debian does not have: npm packages, installed once. Tests that miss them say so.
test_peers() {
  mkdir -p build/test-peers
  cmp -s tests/support/package.json build/test-peers/package.json && [ -d build/test-peers/node_modules ] && return
  command -v npm >/dev/null || need nodejs npm  # a nodejs from elsewhere brings its own, which Debian's would not stand beside
  step "install what tests talk to from npm"
  cp tests/support/package.json build/test-peers/
  (cd build/test-peers && npm install --silent --no-fund --no-audit) ||
    echo "SKIPPED: npm has no smtp-server and no amqplib for us: nobody else's mail server and RabbitMQ client are tried"
}
