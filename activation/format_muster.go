package activation

// encodeMuster writes Muster's own format: one change is
//
//	{"type":"audience.entered","profile":"u1","segment":"vip","version":7,
//	 "at":"2026-11-21T10:00:00.000Z","cause":"event"}
//
// or audience.exited, with "traits":{...} at its end when the destination asks
// for some, and a batch is
//
//	{"type":"audience.changes","changes":[{"type":"audience.entered",...},...]}
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
	kind := `{"type":"audience.exited"`
	if change.Entered {
		kind = `{"type":"audience.entered"`
	}
	to = appendField(append(to, kind...), "profile", change.Profile)
	to = appendVersion(appendField(to, "segment", change.Segment), change.Version)
	to = appendTime(appendKey(to, "at"), change.At)
	to = appendField(to, "cause", change.Cause)
	if change.Traits != "" {
		to = append(appendKey(to, "traits"), change.Traits...)
	}
	return append(to, '}')
}
