package pipeline

import (
	"fmt"

	"muster/directive"
)

// owned returns the directives of a parcel that are this shard's. One about a
// profile that belongs to another partition goes to the dead letters.
func (t *tenure) owned(p *parcel) []Directed {
	if len(p.directives) == 0 {
		return nil
	}
	own := p.directives[:0:0]
	for _, one := range p.directives {
		d := &one.Directive
		if d.HasProfile() && t.worker.Owner(d.Profile) != t.origin.partition {
			p.letters = append(p.letters, t.origin.letter(one.record, fmt.Sprintf(
				"a directive about profile %q, which belongs to partition %d, not %d", d.Profile, t.worker.Owner(d.Profile), t.origin.partition), one.record.Value))
			continue
		}
		own = append(own, one)
	}
	return own
}

// directed is told what became of a directive.
func (t *tenure) directed(i int, refusal string) {
	if refusal == "" {
		t.stats.Directives++
		switch t.feed.Directives[i].Directive.Kind {
		case directive.Erase:
			t.stats.Erased++
		case directive.Patch:
			t.noticePatch()
		}
		return
	}
	r := t.feed.Directives[i].record
	t.parcel.letters = append(t.parcel.letters, t.origin.letter(r, refusal, r.Value))
}

// noticePatch counts what is odd about a patch that was followed.
func (t *tenure) noticePatch() {
	switch s := t.driver.shard; {
	case s.passedOver:
		t.stats.Suppressed++
	case s.changed.Relieved:
		t.stats.Relieved++
	}
}
