package account

// Account is what attempts of a request have cost.
type Account struct {
	// Attempts is how many processes have worked on it, one behind the other.
	Attempts int `json:"attempts"`
	// Scanned was read of the archive, whatever came of it: objects that were
	// opened, their bytes, and the events of those that were read to an end.
	Scanned Volume `json:"scanned"`
	// Billable was read to the end of its object and kept.
	Billable Volume `json:"billable"`
	// Cached was not read, as it was kept already.
	Cached Volume `json:"cached"`
	// Retries are calls of the archive's server that were sent again.
	Retries int64 `json:"retries"`
	// Stages are those that had tasks, in the order of their first.
	Stages []Stage `json:"stages,omitempty"`
}

// Volume is a part of an archive.
type Volume struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"` // as they are stored
	Events  int64 `json:"events"`
}

// Stage is the tasks of one part of the work.
type Stage struct {
	Name string `json:"name"`
	// Seconds are those of all tasks added up.
	Seconds float64 `json:"engine_seconds"`
	Latency
}

// Add returns the sum of two accounts.
func (a Account) Add(b Account) Account {
	a.Attempts += b.Attempts
	a.Scanned, a.Billable, a.Cached = a.Scanned.add(b.Scanned), a.Billable.add(b.Billable), a.Cached.add(b.Cached)
	a.Retries += b.Retries
	stages := make([]Stage, len(a.Stages), len(a.Stages)+len(b.Stages))
	copy(stages, a.Stages)
	for _, other := range b.Stages {
		stages = addStage(stages, other)
	}
	a.Stages = stages
	return a
}

func addStage(stages []Stage, other Stage) []Stage {
	for i := range stages {
		if own := &stages[i]; own.Name == other.Name {
			own.Seconds += other.Seconds
			own.Latency = own.Latency.add(other.Latency)
			return stages
		}
	}
	return append(stages, other)
}

func (v Volume) add(w Volume) Volume {
	return Volume{v.Objects + w.Objects, v.Bytes + w.Bytes, v.Events + w.Events}
}

// Stage returns a stage by its name, the zero Stage where it had no task.
func (a *Account) Stage(name string) Stage {
	for _, s := range a.Stages {
		if s.Name == name {
			return s
		}
	}
	return Stage{Name: name}
}
