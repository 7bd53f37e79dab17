package archive

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/valyala/fastjson"
)

// rowForm says how a row becomes a record.
type rowForm struct {
	values rowValues
	json   *column // that holds the record, if there is one

	fields  []formField // of the call itself
	event   *column     // the name of the event as it was sent
	slug    *column     // the name as the warehouse spells it
	kind    *column     // track, identify and so on
	table   []byte      // the kind that the object's folder tells
	context []formGroup // of columns context_...
	body    *column     // properties or traits in one column
	rest    []formField // columns that are properties or traits

	record []byte
}

// formField is a column and the name that it has in the record, quoted.
type formField struct {
	name   string
	column *column
	whole  bool // whether it is an object, perhaps as a text
}

// formGroup is an object of the context; "" has what is not in one.
type formGroup struct {
	name   string
	fields []formField
}

// callFields are the names of a call's fields by those of columns, in lower
// case without underlines.
var callFields = map[string]string{
	"userid": "userId", "anonymousid": "anonymousId", "messageid": "messageId", "groupid": "groupId",
	"previousid": "previousId", "timestamp": "timestamp", "originaltimestamp": "originalTimestamp",
	"sentat": "sentAt", "receivedat": "receivedAt", "channel": "channel",
}

// kinds are the kinds of calls by the names of warehouse tables.
var kinds = map[string]string{
	"tracks": "track", "identifies": "identify", "pages": "page", "screens": "screen", "groups": "group", "aliases": "alias",
}

// track is the kind of a row that has an event.
var track = []byte("track")

// contextGroups are the objects of a context whose names begin the names of
// columns.
var contextGroups = []string{
	"app", "campaign", "device", "library", "location", "network", "os", "page", "referrer", "screen", "traits",
}

// loaderColumns are columns that a warehouse's loader adds for itself.
var loaderColumns = []string{"uuid", "uuidts", "loadedat"}

// newRowForm looks at the columns of a file. key is that of the object.
func newRowForm(root *parquet.Column, key, jsonColumn string) (*rowForm, error) {
	columns := columnsOf(root)
	f := &rowForm{table: []byte(tableOf(key))}
	f.values.init(columns)
	if jsonColumn != "" {
		i := slices.IndexFunc(columns, func(c *column) bool { return c.name == jsonColumn })
		if i < 0 || columns[i].shape != leafShape {
			return nil, fmt.Errorf("it has no column %q that holds a text; its columns are %s", jsonColumn, namesOf(columns))
		}
		f.json = columns[i]
		return f, nil
	}
	f.sort(columns)
	if !f.identifies() {
		return nil, fmt.Errorf("it has no column userId, user_id, anonymousId or anonymous_id, so its rows are no calls; "+
			"its columns are %s; set column to the one that holds a JSON text", namesOf(columns))
	}
	if f.kind == nil && f.event == nil && f.slug == nil && len(f.table) == 0 {
		return nil, errors.New("neither a column type, event or event_text nor a folder like tracks or identifies tells what calls its rows are")
	}
	return f, nil
}

// sort gives every column its part in the record.
func (f *rowForm) sort(columns []*column) {
	byName := map[string]*column{}
	for _, c := range columns {
		byName[plain(c.name)] = c
	}
	// A table of a warehouse may have a column type that is a property.
	warehouse := byName["eventtext"] != nil || len(f.table) > 0
	body, whole := byName["properties"], byName["context"]
	if body == nil {
		body = byName["traits"]
	}
	f.body = body
	for _, c := range columns {
		name := plain(c.name)
		field := formField{name: quoted(c.name), column: c}
		switch call := callFields[name]; {
		case call != "":
			field.name = quoted(call)
			f.fields = append(f.fields, field)
		case name == "id" && byName["messageid"] == nil:
			field.name = quoted("messageId")
			f.fields = append(f.fields, field)
		case name == "eventtext":
			f.event = c
		case name == "event":
			f.slug = c
		case name == "type" && !warehouse:
			f.kind = c
		case c == whole, name == "traits", name == "properties":
			f.fields = append(f.fields, formField{quoted(name), c, true})
		case whole == nil && strings.HasPrefix(c.name, "context_"):
			f.addContext(strings.TrimPrefix(c.name, "context_"), c)
		case slices.Contains(loaderColumns, name), body != nil:
		default:
			f.rest = append(f.rest, field)
		}
	}
}

// addContext puts a column into the object of the context that its name begins
// with.
func (f *rowForm) addContext(name string, c *column) {
	group := ""
	if begin, end, found := strings.Cut(name, "_"); found && slices.Contains(contextGroups, begin) {
		group, name = begin, end
	}
	i := slices.IndexFunc(f.context, func(g formGroup) bool { return g.name == group })
	if i < 0 {
		i = len(f.context)
		f.context = append(f.context, formGroup{name: group})
	}
	f.context[i].fields = append(f.context[i].fields, formField{name: quoted(name), column: c})
}

// identifies reports whether a column says whose the rows are.
func (f *rowForm) identifies() bool {
	return slices.ContainsFunc(f.fields, func(field formField) bool {
		return field.name == `"userId"` || field.name == `"anonymousId"`
	})
}

// plain returns the name of a column in lower case without underlines.
func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "") }

func quoted(name string) string { return string(appendText(nil, []byte(name))) }

// namesOf lists the first columns for an error.
func namesOf(columns []*column) string {
	const most = 20
	var names []string
	for _, c := range columns[:min(len(columns), most)] {
		names = append(names, c.name)
	}
	if len(columns) > most {
		names = append(names, fmt.Sprintf("and %d more", len(columns)-most))
	}
	return strings.Join(names, ", ")
}

// tableOf returns the kind of call that a folder of a key names: by the table
// of a warehouse, or as segment_type=track.
func tableOf(key string) string {
	for _, part := range strings.Split(path.Dir(key), "/") {
		if kind := kinds[part]; kind != "" {
			return kind
		}
		if kind, found := strings.CutPrefix(part, "segment_type="); found {
			return kind
		}
	}
	return ""
}

// give makes a record of a row and hands it out.
func (f *rowForm) give(row parquet.Row, given *counter) error {
	f.values.set(row)
	if f.json != nil {
		return f.giveJSON(given)
	}
	record, err := f.append(f.record[:0])
	f.record = record
	if err != nil {
		return err
	}
	if len(record) > MaxRecord {
		return ErrLong
	}
	return given.give(record)
}

// giveJSON hands out the text of one column. A row without one is given as
// null, for the decoder to refuse.
func (f *rowForm) giveJSON(given *counter) error {
	v, ok := f.values.only(f.json)
	if !ok {
		return given.give([]byte("null"))
	}
	if text := v.ByteArray(); len(text) <= MaxRecord {
		return given.give(text)
	}
	return ErrLong
}

// append writes the call of a row.
func (f *rowForm) append(dst []byte) ([]byte, error) {
	kind, err := f.kindOf()
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"type":`...)
	dst = appendText(dst, kind)
	if name := f.eventName(); name != nil && string(kind) == "track" {
		dst = append(dst, `,"event":`...)
		dst = appendText(dst, name)
	}
	dst = f.appendFields(dst, f.fields)
	dst = f.appendContext(dst)
	if len(f.rest) == 0 {
		return append(dst, '}'), nil
	}
	container := `,"properties":{`
	if k := string(kind); k == "identify" || k == "group" {
		container = `,"traits":{`
	}
	return append(f.appendObject(dst, container, f.rest), '}'), nil
}

// appendContext writes the columns context_... as one object.
func (f *rowForm) appendContext(dst []byte) []byte {
	if len(f.context) == 0 {
		return dst
	}
	dst = append(dst, `,"context":{`...)
	begin := len(dst)
	for _, g := range f.context {
		if g.name == "" {
			dst = f.appendFields(dst, g.fields)
		} else {
			dst = f.appendObject(dst, `,"`+g.name+`":{`, g.fields)
		}
	}
	return append(closeUp(dst, begin), '}')
}

// appendObject writes fields as an object that begins with a text.
func (f *rowForm) appendObject(dst []byte, with string, fields []formField) []byte {
	dst = append(dst, with...)
	begin := len(dst)
	return append(closeUp(f.appendFields(dst, fields), begin), '}')
}

// closeUp removes the comma that an object's first field was written with.
func closeUp(dst []byte, begin int) []byte {
	if len(dst) > begin {
		return append(dst[:begin], dst[begin+1:]...)
	}
	return dst
}

// appendFields writes the fields of a row that are not null, each with a comma
// before it.
func (f *rowForm) appendFields(dst []byte, fields []formField) []byte {
	for _, field := range fields {
		before := len(dst)
		dst = append(dst, ',')
		dst = append(dst, field.name...)
		dst = append(dst, ':')
		var ok bool
		if dst, ok = f.appendValue(dst, field); !ok {
			dst = dst[:before]
		}
	}
	return dst
}

// appendValue writes a value, false for null. A text that must be an object is
// written as the object that it spells.
func (f *rowForm) appendValue(dst []byte, field formField) ([]byte, bool) {
	if field.whole && field.column.shape == leafShape {
		v, ok := f.values.only(field.column)
		if ok && (v.Kind() == parquet.ByteArray) && fastjson.ValidateBytes(v.ByteArray()) == nil {
			return append(dst, v.ByteArray()...), true
		}
	}
	f.values.rewind(field.column)
	return f.values.append(dst, field.column)
}

// kindOf returns the kind of call that a row is.
func (f *rowForm) kindOf() ([]byte, error) {
	if f.kind != nil {
		if v, ok := f.values.only(f.kind); ok && v.Kind() == parquet.ByteArray {
			return v.ByteArray(), nil
		}
		return nil, errors.New("the row has no type")
	}
	if len(f.table) > 0 {
		return f.table, nil
	}
	if f.eventName() != nil {
		return track, nil
	}
	return nil, errors.New("the row has no event")
}

// eventName returns the event of a row, nil when it has none.
func (f *rowForm) eventName() []byte {
	for _, c := range []*column{f.event, f.slug} {
		if c == nil {
			continue
		}
		if v, ok := f.values.only(c); ok && v.Kind() == parquet.ByteArray {
			return v.ByteArray()
		}
	}
	return nil
}
