package oracle

import (
	"testing"

	"muster/event"
)

// within gives an event a context.
func within(e event.Event, context string) event.Event {
	e.Context = body(context)
	return e
}

func through(e event.Event, channel string) event.Event {
	e.Channel = channel
	return e
}

func groupOf(t int64, id, traits string) event.Event {
	e := at(t, event.Group, "", traits)
	e.GroupID = id
	return e
}

func TestContext(t *testing.T) {
	check(t, []law{
		{
			name: "of an event: its own, and no property of that name",
			history: []event.Event{
				within(track(before("2h"), "A", `{"context":{"device":{"type":"tv"}},"event_channel":"x"}`), `{"device":{"type":"mobile"},"locale":"de-DE","ip":null}`),
				through(track(before("1h"), "B", `{"channel":"mail","properties":{"a":1}}`), "server"),
			},
			yes: []string{
				`any(events("A"), .context.device.type == "mobile")`, `none(events("B"), .context.device.type == "mobile")`, `any(events("A"), #.context.locale startsWith "de")`,
				`any(events("A"), .properties.context.device.type == "tv")`, `last(events("A")).context.locale == "de-DE"`, `any(events("A"), .context.ip == nil)`,
				`len(uniq(map(events("*"), .context.device.type))) == 2`, `any(events("B"), .event_channel == "server" and .channel == "mail")`,
				`any(events("A"), .event_channel == nil)`, `any(events("A"), .properties.event_channel == "x")`, `any(events("B"), .properties.properties.a == 1)`,
				`any(events("A"), .context?.device?.type == "mobile")`,
			},
			no: []string{`any(events("A"), .context.device.type == "tv")`, `any(events("A"), .context.device.gone != nil)`, `any(events("A"), .properties.a == 1)`},
		},
		{
			name: "of the profile: the newest of each, by event time, of any call",
			history: []event.Event{
				within(track(before("3h"), "A", `{}`), `{"device":{"type":"mobile","model":"M"},"app":{"version":"1.9"},"page":{"path":"/a"}}`),
				within(identify(before("1h"), `{}`), `{"device":{"type":"desktop","model":null},"campaign":{}}`),
				late(within(groupOf(before("2h"), "acme", `{}`), `{"device":{"type":"tv","model":"N","os":"x"},"app":{"version":"1.10"},"page":"odd"}`), before("30m")),
			},
			yes: []string{
				`context.device.type == "desktop"`, `context.device.model == "N"`, `version(context.app.version) == version("1.10")`, `context.device.os == "x"`,
				`context.page == "odd"`, `context.page.path == "/a"`, `context.gone == nil`, `context.campaign != nil`, `context["device"]["type"] == "desktop"`,
				`let d = context.device; d.type == "desktop" and d.model == "N"`, `let context = traits.x; context == nil`, `held(context.device.type == "desktop", "30m")`,
			},
			no: []string{`context.device.type == "tv"`, `context.campaign.name != nil`},
		},
	})
}

func TestGroupTraits(t *testing.T) {
	check(t, []law{{
		name: "of each group as the member's own calls told them",
		history: []event.Event{
			groupOf(before("3h"), "acme", `{"plan":"free","seats":5,"address":{"city":"Bonn","zip":"1"}}`),
			groupOf(before("1h"), "acme", `{"plan":"enterprise","seats":null}`),
			late(groupOf(before("2h"), "acme", `{"plan":"pro","address":{"city":"Paris"}}`), before("30m")),
			groupOf(before("1h"), "bolt", `{"plan":"free","id":7,"group_id":"x"}`),
		},
		yes: []string{
			`any(groups, .plan == "enterprise")`, `one(groups, .plan == "free")`, `none(groups, .plan == "pro")`, `all(groups, .plan != nil)`, `count(groups) == 2`,
			`len(groups) == 2`, `count(groups, .seats != nil) == 0`, `any(groups, .address.city == "Paris" and .address.zip == "1")`,
			`any(groups, .id == "acme" and .plan == "enterprise")`, `any(groups, .id == 7 and .group_id == "bolt")`, `"acme" in profile.groups`,
			`any(groups, #.group_id in ["acme"])`, `let gs = groups; any(gs, .plan == "enterprise")`,
		},
		no: []string{`any(groups, .plan == "pro")`, `any(groups, .id == "bolt")`, `any(groups, .plan == "enterprise" and .group_id == "bolt")`},
	}})
	check(t, []law{{name: "without any", history: person(`{}`), yes: []string{`none(groups, true)`, `all(groups, .x)`, `len(groups) == 0`}, no: []string{`any(groups, true)`}}})
}
