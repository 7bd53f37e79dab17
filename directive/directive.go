package directive

// Header is the key of the Kafka header that tells a record of Muster's own
// from a customer's. Its value does not matter.
const Header = "muster-directive"

// Kind says what a directive asks for.
type Kind uint8

// The kinds of directives. Their numbers are stored.
const (
	Open  Kind = 1 // a run begins: a seam is to be opened in the shard
	Patch Kind = 2 // what a run has computed of one profile is to be merged
	Close Kind = 3 // all patches of a run have come: its seam is to be closed
	// GiveUp says that a run is not gone on with: its seam takes no more
	// patches, and what profiles have got of it stays.
	GiveUp Kind = 4
	// Erase says that a customer is to be forgotten: the profile leaves all
	// segments and is removed, and its events are passed over for a while.
	Erase Kind = 5
)

// Bounds of a directive. What passes one is refused when it is written, and
// counts as damaged when it is read.
const (
	MaxRun     = 128     // bytes of the id of a run, or of a request to erase, at least 1
	MaxProfile = 1024    // bytes of a profile's id, as of those of events
	MaxSeries  = 20_000  // series of one seam
	MaxBytes   = 8 << 20 // of a directive as it is written
)

// Directive is one record of Muster's own.
type Directive struct {
	Kind Kind
	Run  string // id of the run that it belongs to; of Erase, of the request
	// Series are the names, as profile.NameOfSeries gives them, of the series
	// that the run will give. Of Open.
	Series []string
	// Profile is whom a Patch or an Erase is about; it decides the partition.
	Profile string
	// Body is the patch in its own form, see profile.Patch.
	Body []byte
	// Since is the arrival time (ms since 1970 UTC) from which on the history
	// of the run is whole, 0 for an instant before all. Of Close.
	Since int64
	// Until is the instant (ms since 1970 UTC) before which events of the
	// profile are passed over. Of Erase.
	Until int64
}

// HasProfile reports whether the directive is about a single profile, and so
// is for the shard of that profile alone.
func (d *Directive) HasProfile() bool { return d.Kind == Patch || d.Kind == Erase }
