package history

import (
	"context"
	"errors"
	"fmt"
	"io"

	"muster/history/files"
	"muster/history/internal/jsonfile"
)

// Folder says where the files of a request are, for people.
func (c *Config) Folder(request string) string { return c.work().locate(requestFile(request, "")) }

// WriteNote writes a value into the folder of a request. With files.Once, in a
// bucket, one that is there stays: so of several processes one is the first.
func (c *Config) WriteNote(request, name string, value any, mode files.Mode) error {
	return c.Write(requestFile(request, name), value, mode)
}

// Write writes a value into a file of the work directory.
func (c *Config) Write(name string, value any, mode files.Mode) error {
	return c.work().files.Write(name, mode, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// ReadNote reads what WriteNote wrote. The error is fs.ErrNotExist where there is
// none; one about what the file holds says how to mend it.
func (c *Config) ReadNote(request, name string, value any, mend string) error {
	return c.Read(requestFile(request, name), value, mend)
}

// Read reads what Write wrote into a file. Its error is as that of ReadNote.
func (c *Config) Read(name string, value any, mend string) error {
	w := c.work()
	return jsonfile.ReadFrom(w.files, name, w.locate(name), value, mend)
}

// Alone does something while no other process has the lock of a name. It returns
// ErrHeld where one has it. The context of do ends when the lock is lost.
func (c *Config) Alone(ctx context.Context, name string, do func(context.Context) error) error {
	w := c.work()
	if _, err := w.files.Alive(name); err != nil {
		return err
	}
	lock, err := w.lasting().TryLock(name)
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("%s: %w", w.locate(name), ErrHeld)
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-lock.Lost():
			cancel(files.ErrLost)
		case <-done:
		}
	}()
	err = do(inner)
	if cause := context.Cause(inner); errors.Is(cause, files.ErrLost) {
		return errors.Join(err, cause)
	}
	return errors.Join(err, lock.Close())
}

// ErrHeld says that another process has a lock.
var ErrHeld = errors.New("another process is at it")
