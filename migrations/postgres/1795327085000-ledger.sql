-- The ledger and what commits with it. Forward only; frozen once merged.

-- Compare-and-set: a commit moves its stream's row from the version it expects, and holds the row until it is done.
CREATE TABLE streams (
  stream text PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 80);

-- `position` is (transaction number + ledger_origin.transactions) * 65536 + place in the commit, not a sequence: a sequence
-- hands out numbers in another order than transactions get theirs, so "everything below the oldest open transaction"
-- would not be a prefix of it, and a reader by position could pass over a slow writer. This way it is one, by construction.
-- `data` is json, not jsonb: the text comes back as it was written (numbers to the bit, keys in order, \u0000 allowed).
-- `occurred_at` is what the trainer wrote, kept as its text: a clock we do not own must not be able to fail a commit.
CREATE TABLE ledger (
  position bigint PRIMARY KEY,
  stream text NOT NULL,
  version bigint NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  schema_version integer NOT NULL,
  data json NOT NULL,
  occurred_at text,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ledger_stream_version UNIQUE (stream, version),
  CONSTRAINT ledger_id UNIQUE (id)
) WITH (toast_tuple_target = 8160);

-- toast_tuple_target, here and at snapshots: rows of a few kilobytes stay in their page as they are. Compressing them and
-- moving them out, as is usual from 2 KB, took a quarter of a commit's time.

-- A dump restored into another cluster starts transaction numbers over; this is what keeps positions rising then.
CREATE TABLE ledger_origin (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  transactions bigint NOT NULL
);
INSERT INTO ledger_origin (transactions) VALUES (0);

CREATE TABLE snapshots (
  stream text PRIMARY KEY,
  version bigint NOT NULL,
  partition integer NOT NULL,
  cursor bigint NOT NULL,
  live boolean NOT NULL,
  state text NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now()
) WITH (toast_tuple_target = 8160);
CREATE INDEX snapshots_live ON snapshots (partition) WHERE live;

CREATE TABLE checkpoints (
  run text NOT NULL,
  attempt integer NOT NULL,
  step bigint NOT NULL,
  uri text,
  state text NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT checkpoints_run_step_attempt PRIMARY KEY (run, step, attempt)
);

-- Rows leave when they are sent: what is here is what is pending.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  key text NOT NULL,
  headers json NOT NULL,
  value text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE cursors (
  name text PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE projects (
  project text PRIMARY KEY,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Times in whole milliseconds, so that what a page token says is exactly what the row says; names in byte order, so that
-- pages are the same whatever the database's locale.
CREATE TABLE runs (
  run text COLLATE "C" PRIMARY KEY,
  project text NOT NULL,
  status text NOT NULL,
  attempt integer NOT NULL,
  policy text NOT NULL,
  domains json NOT NULL,
  ranks integer NOT NULL,
  step bigint NOT NULL,
  version bigint NOT NULL,
  frozen boolean NOT NULL,
  problems json NOT NULL,
  params json NOT NULL,
  tags json NOT NULL,
  notes text NOT NULL,
  counts json NOT NULL,
  search_text text NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX runs_started ON runs (started_at DESC, run DESC);
CREATE INDEX runs_project_started ON runs (project, started_at DESC, run DESC);
CREATE INDEX runs_status_started ON runs (status, started_at DESC, run DESC);

-- Search works without trigrams, by looking at every row; where the server offers them and lets us, it is indexed.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX runs_search ON runs USING gin (search_text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'search over runs stays unindexed: %', SQLERRM;
END
$$;

-- A statement cannot take back its own writes except by failing: the commit calls this when the stream stood where
-- expected but the snapshot did not.
CREATE FUNCTION refuse_commit() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the cursor has moved further' USING ERRCODE = 'MX001';
END
$$;
