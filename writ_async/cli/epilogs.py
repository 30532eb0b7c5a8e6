"""What `writ COMMAND --help` says below the flags: examples, and what the command does."""

SYNTH = """\
examples:
  writ synth retail --n 100 --out runs/first
  writ synth retail airline --n 2000 --mix normal=1,write-intensive=1,read-heavy=2 --seed 7
  writ synth airline --n 500 --levels W1R3=2,W1R4=1,W2R3=1,W0=1 --max-tool-tokens 12000
  writ synth retail --n 200 --mistakes 0.3 --out runs/with-mistakes
  writ synth retail airline --keep 400 --attempts 3 --mistakes 0.6 --budget hours=2

The same seed and settings give the same rows, whatever the concurrency and the number of workers. A run that was
stopped goes on when the same command is given again. Ctrl-C ends in order: what is finished is on disk.
"""
EVAL = """\
examples:
  writ eval --tasks tau2:retail --tasks tau2:airline --data tau2/data --trials 4
  writ eval --tasks runs/first --engine recorded --engine-option file=runs/first --out runs/again
  writ eval --tasks my-tasks.jsonl --json

Prints pass^k (the share of tasks of which k trials in a row succeed) per source, with 95 % intervals over tasks.
"""
MERGE = """\
examples:
  writ synth retail --n 4000 --seed 1 --shard 2/4 --out runs/part-2     on the second of four machines
  writ merge runs/part-* --out runs/whole

Checks that every shard is there once, made with equal settings from the same tasks, and that no row is missing or there
twice. What is written is the run that one machine would have left: the same bytes in trajectories.jsonl, tasks.jsonl,
prompts, manifest, selection and summary; failures.log, calls.log and timings.csv one after the other.
"""
STATUS = """\
Says of every run below the folders whether a process is writing to it (running), all is played (done), it ended in
order with something left to play (incomplete), it was killed, or it cannot be read (broken); how many rows of how many
are there, how many the filters kept, and why conversations have no row. Exit code 1 where one is broken.
"""
REPAIR = """\
A run that was killed needs no repair: the same command goes on with it. This mends what something else has broken:
lines that cannot be read and rows that are there twice go to FILE.aside, and are played again when the run is gone on
with; tasks that cannot be read are made again by the same command; order, summary and selection are made anew. Nothing
is thrown away but a last line that broke off. Exit code 1 where something is still wrong.
"""
COMPARE = """\
Tasks are paired: the interval and the p value (sign flips) are of the differences of tasks, not of trials.

examples:
  writ compare runs/before runs/after
  writ compare runs/before runs/after --fail-below -2     exit code 1 where pass^1 has fallen by more than 2 points
"""
REPORT = """\
A page has headline and intervals, pass^k, success by level and burden, process, blame, behaviours, tokens and cost,
load over time, the funnel, tasks to look at; of a synthesis what is in the data set, and what speaks for it or against.

examples:
  writ report runs/eval --out report.html
  writ report runs/before runs/after --out report.html --md report.md     side by side, with the paired difference
  writ report runs/mine --md -                                            a data set, printed as Markdown
  writ report runs/qwen --out report.html --prices prices.toml            where the file has:
      ["Qwen3-4B"]
      input = 0.05
      cached = 0.01
      output = 0.20
"""
KIT = """\
Reads what a benchmark tells its models from a checkout of its repository: prompts of both seats, tool schemas. The
source is parsed, nothing of it is run. The file is for `writ eval --prompts FILE`, or for the variable TAU2_KIT.
"""
REPLAY = """\
Makes every tool call of every row again, in the world of its task, and compares results byte for byte, hashes and
verdicts. Exit code 1 when anything differs.
"""
SELECT = """\
examples:
  writ select runs/first runs/second --n 2000 --out runs/selected
  writ select runs/* --n 2000 --out runs/selected --max-tokens 16384 --tokenizer models/Qwen3-4B-Instruct-2507
  writ select runs/first --n 300 --out runs/selected --balance level,tone --validation 0

Takes rows that pass all filters, leaves out near-duplicates and what is too long, and picks as evenly over the strata
as the rows allow; among rows of a stratum those go first whose recipe, user and words are rare. What is written is a
run, for `writ export`, `show`, `replay` and `check`. Exit code 1 when fewer rows are fit than were asked for.
"""
PUBLISH = """\
examples:
  writ publish runs/first --to data/first --license apache-2.0
  writ publish runs/first runs/second --to hub:me/first --public

Writes data/train-*.parquet and README.md: how the rows were made and can be made again, what fell at which filter, by
level too, and the hash of each file. `datasets.load_dataset` reads the folder and the hub alike. The hub needs
pip install 'writ-async[hub]' and the account of `hf auth login` or HF_TOKEN; neither is written anywhere.
"""
EXPORT = """\
examples:
  writ export runs/first --format openai --out train.jsonl
  writ export runs/first --format llamafactory --out data/train.jsonl --card
  writ export runs/first --format parquet --out rows.parquet --all
  writ export runs/qwen --format tokens --out tokens.parquet

Rows have passed all filters, near-duplicates and the cap of a task included.
"""
CHECK = """\
examples:
  writ check results.json --data tau2/data
  writ check trajectories.jsonl others/ --out verdicts.jsonl
  writ check results.json --data tau2/data --fail-on unconfirmed_write,unseen_argument
  writ check others.jsonl --writes create_ticket,close_ticket
  writ check runs/first
  writ check --proofs runs/first
  writ check --contamination runs/first --data tau2/data --out contamination.json

Reads results of τ²-bench and τ-bench, chat messages (OpenAI, Anthropic, Responses, TRL, ShareGPT) and inspect_ai logs,
and says for every write what it rested on. A file's own tasks are what its rows are judged by. Exit code 2 when a row
cannot be read, 1 when a proof does not hold or a finding of --fail-on was made.
"""
SHOW = """\
examples:
  writ show runs/first
  writ show runs/first --reason missing_evidence
  writ show runs/first retail-s0-00007#0 --full
"""
VIEW = """\
examples:
  writ view runs/first
  writ view runs/base runs/trained --port 8000
  writ view results.json --data tau2/data
  writ view runs/first --static shown

A list with a filter (`kind == refusal and reward < 1 and messages ~ "sorry"`), and of every conversation what was
read, written and found, beside another trial or run. It only reads; notes (`n`) are kept beside the run. `?` shows the
keys.
"""
SERVE = """\
examples:
  writ serve models/Qwen3-4B-Instruct-2507
  writ serve models/Qwen3-4B-Instruct-2507 --port 30000 --context 32768 -- --tp 2 --mem-fraction-static 0.9
  writ serve models/Qwen3-4B-Instruct-2507 --dry-run

Prints the whole command and becomes it: Ctrl-C, signals and the exit code are the server's. What stands after `--` goes
to the server as it is, in place of our flag of the same name.
"""
DOCTOR = """\
examples:
  writ doctor http://127.0.0.1:30000
  writ doctor http://127.0.0.1:30000 --model models/Qwen3-4B-Instruct-2507 --json
  writ doctor http://10.0.0.1:30000 http://10.0.0.2:30000

Makes a few short requests and says of each finding what to do about it. Several servers must have the same model.
Exit code 1 when there is a problem.
"""
PLAN = """\
examples:
  writ plan retail airline --model qwen3-4b --gpu h200
  writ plan retail airline --model qwen3-8b --gpu h100 --servers 4 --n 4000
  writ plan retail airline --gpus 1000 --rows 10000000
  writ plan retail --mix read-heavy=1 --n 2000 --engine-option calibration=server.json --engine-option context=16384

Simulates a server in virtual time with the real scheduler and conversations: conversations per hour, hit rate of the
prefix cache, and where the time goes, by how many conversations are live. Needs no GPU and no server.
"""
CALIBRATE = """\
examples:
  writ calibrate http://127.0.0.1:30000 --seconds 120 --out server.json
  writ calibrate loads.jsonl --out server.json

Fits what the steps of a server cost to its /v1/loads, sampled while a run keeps it busy, or kept in a file with one
answer per line. `writ plan --engine-option calibration=FILE` plans with it.
"""
NEW_DOMAIN = """\
examples:
  writ new-domain clinic
  writ new-domain clinic --out ~/code/writ-clinic

Makes a package with its pyproject.toml, README and tests. Once it is installed (`pip install -e DIR`),
`writ synth NAME` finds it.
"""
COMPLETION = """\
examples:
  eval "$(writ completion bash)"                                  in ~/.bashrc
  eval "$(writ completion zsh)"                                   in ~/.zshrc, after compinit
  writ completion fish >~/.config/fish/completions/writ.fish      once

Tab then completes commands, flags, and what stands behind them: domains, engines and their options, behaviours, levels,
reasons, formats, run folders. The shell asks `writ` itself, so what packages register is there too.
"""
