package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"muster/history/internal/columnar"
)

// patchVersion is that of the form of files of patches and of how they are
// made. It is part of their key.
const patchVersion = 1

// The columns of a file of patches, in the order of their names.
const (
	patchBody = iota
	patchProfile
)

var patchForm = columnar.NewForm("file of patches", "muster.patches",
	columnar.Column{Name: "body", Kind: columnar.Bytes}, columnar.Column{Name: "profile", Kind: columnar.Bytes},
)

// patchHeader is what a file of patches says of itself.
type patchHeader struct {
	tally
	Patches int64 `json:"patches"`
	Bytes   int64 `json:"bytes"` // of their bodies
}

// lanes is how many places of its files Patches are read from in turns. Patches
// lie by virtual shard, which mostly is of one partition, so one place alone
// would have one partition take all for long. It is odd: so lanes begin at
// virtual shards that are spread evenly over any power of two of partitions.
// Each takes some 600 KB of memory.
const lanes = 127

// Patches are the patches of an archive, in an order that is always the same.
type Patches struct {
	// Key is another one for other patches.
	Key   string
	Count int64
	Bytes int64 // of their bodies
	// Whole is since when the archive is whole, as far as it tells: the first
	// day that its layout names, else its first arrival. ms since 1970 UTC.
	Whole int64
	// Report is what was done for them.
	Report *Report

	work  work
	sum   sum
	files []int64 // patches in each file
}

// openPatches reads what the files of patches say of themselves.
func openPatches(w work, key string, of width) (*Patches, error) {
	p := &Patches{Key: key, work: w, sum: sum{width: of}, files: make([]int64, of.count())}
	for i := range p.files {
		file, header, err := p.open(i)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		p.files[i] = header.Patches
		p.Count, p.Bytes = p.Count+header.Patches, p.Bytes+header.Bytes
		p.sum.add(i, &header.tally)
	}
	return p, nil
}

func (p *Patches) open(i int) (*columnar.File, patchHeader, error) {
	var header patchHeader
	file, err := p.work.openColumns(p.sum.patchFile(p.Key, i), patchForm)
	if err != nil {
		return nil, header, fmt.Errorf("opening patches: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Text), &header); err != nil {
		return nil, header, errors.Join(fmt.Errorf("opening patches: %w", file.Damaged(err)), file.Close())
	}
	return file, header, nil
}

// Each visits the patches behind the first so many, in order, until visit
// fails. The body is valid during the visit.
func (p *Patches) Each(ctx context.Context, skip int64, visit func(profile string, body []byte) error) (err error) {
	if skip >= p.Count {
		return nil
	}
	all := make([]*lane, min(lanes, p.Count))
	defer func() {
		for _, l := range all {
			err = errors.Join(err, l.close())
		}
	}()
	n, at := int64(len(all)), int64(0)
	for j := range all {
		length, done := p.Count/n, skip/n
		if int64(j) < p.Count%n {
			length++
		}
		if int64(j) < skip%n {
			done++
		}
		all[j] = p.lane(at + done)
		at += length
	}
	for next := skip; next < p.Count; next++ {
		l := all[next%n]
		if err := errors.Join(ctx.Err(), l.next()); err != nil {
			return err
		}
		if err := visit(string(l.ids.Row(l.at)), l.bodies.Row(l.at)); err != nil {
			return err
		}
	}
	return nil
}
