-- What a goal's words come to when the plan is over: a percentage of its base then. NULL: not known.
ALTER TABLE plan_goal ADD COLUMN mark REAL;
