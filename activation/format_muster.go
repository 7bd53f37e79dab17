package activation

import "strconv"

// encodeMuster writes Muster's own format: one change is
//
//	{"type":"audience.entered","profile":"u1","segment":"vip","version":7,
//	 "at":"2026-11-21T10:00:00.000Z","cause":"event"}
//
// or audience.exited, with "traits":{...} at its end when the destination asks
// for some, and a batch is
//
//	{"type":"audience.changes","changes":[{"type":"audience.entered",...},...]}
//
// What a snapshot run names has "run" behind its cause. Where a part of it begins
// and ends stand, in place of a change:
//
//	{"type":"audience.snapshot_started","run":"...","part":3,"parts":12,
//	 "at":"2026-11-21T10:00:00.000Z"}
//	{"type":"audience.snapshot_completed","run":"...","part":3,"parts":12,"members":4711,
//	 "at":"2026-11-21T10:00:00.000Z"}
func encodeMuster(to []byte, changes []Change, batch bool) []byte {
	if !batch {
		return appendMuster(to, &changes[0])
	}
	to = append(to, `{"type":"audience.changes","changes":[`...)
	for i := range changes {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendMuster(to, &changes[i])
	}
	return append(to, `]}`...)
}

func appendMuster(to []byte, change *Change) []byte {
	if change.Part != nil {
		return appendPart(to, change)
	}
	kind := `{"type":"audience.exited"`
	if change.Entered {
		kind = `{"type":"audience.entered"`
	}
	to = appendField(append(to, kind...), "profile", change.Profile)
	to = appendVersion(appendField(to, "segment", change.Segment), change.Version)
	to = appendTime(appendKey(to, "at"), change.At)
	to = appendField(to, "cause", change.Cause)
	if change.Run != "" {
		to = appendField(to, "run", change.Run)
	}
	if change.Traits != "" {
		to = append(appendKey(to, "traits"), change.Traits...)
	}
	return append(to, '}')
}

func appendPart(to []byte, change *Change) []byte {
	kind := `{"type":"audience.snapshot_started"`
	if change.Part.Ended {
		kind = `{"type":"audience.snapshot_completed"`
	}
	to = appendField(append(to, kind...), "run", change.Run)
	to = strconv.AppendInt(appendKey(to, "part"), int64(change.Part.Number), 10)
	to = strconv.AppendInt(appendKey(to, "parts"), int64(change.Part.Of), 10)
	if change.Part.Ended {
		to = strconv.AppendInt(appendKey(to, "members"), change.Part.Members, 10)
	}
	return append(appendTime(appendKey(to, "at"), change.At), '}')
}
