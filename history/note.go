package history

import (
	"errors"
	"io"

	"muster/history/files"
	"muster/history/internal/jsonfile"
)

// Folder says where the files of a request are, for people.
func (c *Config) Folder(request string) string { return c.work().locate(requestFile(request, "")) }

// WriteNote writes a value into the folder of a request. With files.Once, in a
// bucket, one that is there stays: so of several processes one is the first.
func (c *Config) WriteNote(request, name string, value any, mode files.Mode) error {
	w := c.work()
	return w.files.Write(requestFile(request, name), mode, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// ReadNote reads what WriteNote wrote. The error is fs.ErrNotExist where there is
// none; one about what the file holds says how to mend it.
func (c *Config) ReadNote(request, name string, value any, mend string) error {
	w, file := c.work(), requestFile(request, name)
	in, err := w.files.Open(file)
	if err != nil {
		return err
	}
	text, err := files.All(in)
	if err := errors.Join(err, in.Close()); err != nil {
		return err
	}
	return jsonfile.Decode(text, value, w.locate(file), mend)
}
