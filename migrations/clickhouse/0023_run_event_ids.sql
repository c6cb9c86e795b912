-- CloudEvents id of what opened an attempt, so that a replay knows who did; empty for everything else, and for what is older.
ALTER TABLE run_events ADD COLUMN IF NOT EXISTS event_id String DEFAULT ''
