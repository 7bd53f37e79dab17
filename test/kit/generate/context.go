package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"muster/event"
)

// ContextFields are the fields that contexts of events have, sorted; rules
// read no others.
var ContextFields = []string{"app", "campaign", "device", "installed", "locale", "page", "tags"}

// Domains of what contexts say.
var (
	devices   = []string{"mobile", "desktop", "tv"}
	locales   = []string{"de-DE", "de-AT", "en-US"}
	campaigns = []string{"spring", "autumn"}
	channels  = []string{"server", "browser", "mobile", "kiosk"}
)

// context is what a call says beside its properties or traits, missing for
// nothing. Its fields are sorted and none is null, so that a decoder that reads
// them one by one makes the same of it.
func context(r *rand.Rand, now int64) event.Value {
	f := &fields{r: r}
	f.put(40, "app", event.ObjectOf([]event.Value{event.StringOf("version"), text(r, versions)}))
	f.put(30, "campaign", event.ObjectOf([]event.Value{event.StringOf("name"), text(r, campaigns)}))
	f.put(50, "device", device(r))
	f.put(30, "installed", moment(r, around(r, now)))
	f.put(50, "locale", text(r, locales))
	f.put(30, "page", event.ObjectOf([]event.Value{event.StringOf("load time"), number(r, prices)}))
	f.put(25, "tags", array(r, tags))
	var pairs []event.Value
	for i := 0; i < len(f.pairs); i += 2 {
		if !f.pairs[i+1].IsMissing() {
			pairs = append(pairs, f.pairs[i], f.pairs[i+1])
		}
	}
	if len(pairs) == 0 {
		return event.Value{}
	}
	return event.ObjectOf(pairs)
}

func device(r *rand.Rand) event.Value {
	f := &fields{r: r}
	f.put(80, "type", text(r, devices))
	f.put(50, "model", text(r, names))
	f.put(40, "tracking", event.BoolOf(chance(r, 60)))
	return f.object()
}

// said writes a condition on the profile's context.
func (w *writer) said() string { return w.saidAt("context") }

// saidOf writes a condition on the context of an event.
func (w *writer) saidOf() string {
	if chance(w.r, 20) {
		return ".event_channel " + pick(w.r, []string{"== ", "!= ", "startsWith "}) + w.word(channels)
	}
	return w.saidAt(pick(w.r, []string{".context", ".context", "#.context"}))
}

// saidAt writes a condition on a context.
func (w *writer) saidAt(of string) string {
	switch weigh(w.r, 30, 15, 12, 10, 8, 8, 9, 8) {
	case 0:
		return fmt.Sprintf("%s.device.type %s %s", of, pick(w.r, []string{"==", "!=", "==", "<"}), w.word(devices))
	case 1:
		return fmt.Sprintf("%s.locale %s", of, pick(w.r, []string{`startsWith "de"`, `in ["de-DE", "en-US"]`, `matches "^[a-z]{2}-"`, `== "de-DE"`}))
	case 2:
		return w.compareVersion("version(" + of + ".app.version)")
	case 3:
		return fmt.Sprintf("%s[%q][%q] %s %s", of, "page", "load time", w.comparison(), w.threshold())
	case 4:
		return fmt.Sprintf("%s.device.tracking", of)
	case 5:
		path := pick(w.r, []string{".campaign.name", ".device", ".device.model", ".tags", ".gone", ".locale.deep", "?.device?.type"})
		return of + path + pick(w.r, []string{" == nil", " != nil"})
	case 6:
		return pick(w.r, []string{w.word(tags) + " in " + of + ".tags", fmt.Sprintf("%s(%s.tags, %s)", w.quantifier(), of, w.element()), "len(" + of + ".tags) " + w.tallied(4)})
	}
	return fmt.Sprintf("%s.campaign.name %s %s", of, w.inclusion(), w.list(campaigns))
}

// saidWhen compares a time of the profile's context with the clock.
func (w *writer) saidWhen() string {
	return fmt.Sprintf("context.installed %s %s", w.timeComparison(), w.reference())
}

// grouped asks about the groups of a profile and their traits.
func (w *writer) grouped() string {
	switch weigh(w.r, 65, 25, 10) {
	case 1:
		return fmt.Sprintf("count(groups, %s) %s", w.ofGroup(), w.tallied(3))
	case 2:
		return pick(w.r, []string{"len(groups) ", "count(groups) "}) + w.tallied(3)
	}
	return fmt.Sprintf("%s(groups, %s)", w.quantifier(), w.ofGroup())
}

func (w *writer) ofGroup() string {
	switch weigh(w.r, 30, 15, 15, 15, 10, 15) {
	case 0:
		return fmt.Sprintf(".plan %s %s", pick(w.r, []string{"==", "!=", "startsWith"}), w.word(plans))
	case 1:
		return fmt.Sprintf(".age %s %s", w.comparison(), figure(pick(w.r, ages)))
	case 2:
		return fmt.Sprintf(".group_id %s %s and .country %s %s", pick(w.r, []string{"==", "!="}), w.word(groups), w.inclusion(), w.list(countries))
	case 3:
		return fmt.Sprintf(".id %s %s", pick(w.r, []string{"==", "!=", "<"}), w.word(groups))
	case 4:
		return fmt.Sprintf("#.address.city %s nil", pick(w.r, []string{"==", "!="}))
	}
	return fmt.Sprintf("any(.tags, %s)", w.element())
}

// within writes what a call says of its context, with traits in it.
func within(e *event.Event, traits string) string {
	var pairs []string
	for i := range e.Context.Len() {
		key, value := e.Context.Field(i)
		pairs = append(pairs, encoded(key)+": "+spell(value))
	}
	if traits != "" {
		pairs = append(pairs, `"traits": `+traits)
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}
