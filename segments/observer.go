package segments

import "time"

// Observer watches a Watcher from outside. Every function is optional and
// must return at once.
type Observer struct {
	Published func(Published) // rules are in force; the first ones too, when Run begins
	Unchanged func()          // the files were read and ask for what is in force
	Refused   func(error)     // the files can't be used; those before stay in force
}

// Published describes rules that were put in force.
type Published struct {
	Edition  uint64
	Segments int
	Added    int
	Removed  int
	Changed  int           // with another rule, name, or members setting
	Sample   int           // live profiles that the compilation learned from
	Took     time.Duration // compiling
}

func (o *Observer) published(p Published) {
	if o.Published != nil {
		o.Published(p)
	}
}

func (o *Observer) unchanged() {
	if o.Unchanged != nil {
		o.Unchanged()
	}
}

func (o *Observer) refused(err error) {
	if o.Refused != nil {
		o.Refused(err)
	}
}
