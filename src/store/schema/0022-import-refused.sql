-- Lines of an import that were refused: the same file tries them again, and them alone.
CREATE TABLE import_refused(
  job  TEXT NOT NULL,
  line INTEGER NOT NULL,
  PRIMARY KEY (job, line)
) STRICT, WITHOUT ROWID;
