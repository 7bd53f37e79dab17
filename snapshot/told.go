package snapshot

// Told is an Answer as it is printed and sent: the first and the last one have
// what lacks of the question's segments.
type Told struct {
	*Answer
	Lacks []Lack `json:"lacks,omitempty"`
}

// Begun says of what answers will be.
type Begun struct {
	Held     int64 `json:"held"`     // profiles of the snapshot
	Profiles int64 `json:"profiles"` // of the deployment
	// Age is how long ago, in ms, all that was committed was known to be in the
	// snapshot.
	Age   int64  `json:"age_ms"`
	Lacks []Lack `json:"lacks,omitempty"`
}
