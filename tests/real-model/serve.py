"""Serves one model file over HTTP with llama.cpp's own server: serve.py MODEL PORT [--slots N] [--threads N]."""

import argparse
import os
import signal
import time

import xllamacpp

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("model")
parser.add_argument("port", type=int)
parser.add_argument("--slots", type=int, default=1)
parser.add_argument("--threads", type=int, default=1, help="one is faster than two if other processes run")
parser.add_argument("--context", type=int, default=8192, help="tokens of one slot")
options = parser.parse_args()

parameters = xllamacpp.CommonParams()
parameters.model.path = options.model
parameters.model_alias = ["model"]
parameters.hostnames = ["127.0.0.1"]
parameters.port = options.port
parameters.n_parallel = options.slots
parameters.n_ctx = options.context * options.slots
parameters.kv_unified = False
parameters.use_jinja = True
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = options.threads
server = xllamacpp.Server(parameters)
print("ready", server.listening_address, flush=True)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: os._exit(0))
while True:
    time.sleep(1)
