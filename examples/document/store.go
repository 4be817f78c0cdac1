package document

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// entry is an update with its number.
type entry struct {
	Seq  int64  `json:"seq" msgpack:"seq"`
	Data []byte `json:"data" msgpack:"data"`
}

// store keeps a document in a folder: a base, which is everything up to a
// number, and a log of what came after. Each record has its length and a
// checksum. A base or a shortened log replaces the old one whole, by renaming; a
// record that a crash has torn is cut off. Not safe for concurrent use.
type store struct {
	dir string
	log *os.File
	end int64 // of the log, in bytes
	bad error // the log could not be repaired: nothing is written any more
}

const (
	baseFile, logFile = "text.base", "text.log"
	headSize          = 16 // length, checksum, number
)

// openStore reads what there is. lost is how many bytes of a torn end were cut off.
func openStore(dir string) (s *store, base entry, log []entry, lost int64, err error) {
	s = &store{dir: dir}
	if base, err = readBase(s.path(baseFile)); err != nil {
		return nil, base, nil, 0, err
	}
	if s.log, err = os.OpenFile(s.path(logFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, base, nil, 0, err
	}
	in := bufio.NewReader(s.log)
	for {
		e, err := readEntry(in)
		if err != nil {
			break // the end, or torn
		}
		s.end += headSize + int64(len(e.Data))
		if e.Seq > base.Seq { // else a crash came between base and log
			log = append(log, e)
		}
	}
	if lost, err = s.cut(); err != nil {
		return nil, base, nil, 0, errors.Join(err, s.log.Close())
	}
	return s, base, log, lost, nil
}

func (s *store) path(name string) string { return filepath.Join(s.dir, name) }

// cut removes what is after the end, and goes there.
func (s *store) cut() (lost int64, err error) {
	info, err := s.log.Stat()
	if err != nil {
		return 0, err
	}
	if err := s.log.Truncate(s.end); err != nil {
		return 0, err
	}
	_, err = s.log.Seek(s.end, io.SeekStart)
	return info.Size() - s.end, err
}

// mine finds out whether another server has written to the folder: then this
// one must not, or both would tear what the other has.
func (s *store) mine() error {
	if s.bad != nil {
		return s.bad
	}
	open, err := s.log.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(s.path(logFile))
	if err != nil {
		return err
	}
	if !os.SameFile(open, there) || there.Size() != s.end {
		s.bad = fmt.Errorf("another server has written to %s: give each a folder of its own (serve --data)", s.dir)
	}
	return s.bad
}

// append adds to the log. After an error the log is as it was.
func (s *store) append(e entry) error {
	if err := s.mine(); err != nil {
		return err
	}
	p := encodeEntry(nil, e)
	if _, err := s.log.Write(p); err != nil {
		if _, cutErr := s.cut(); cutErr != nil {
			s.bad = errors.Join(err, cutErr)
		}
		return err
	}
	s.end += int64(len(p))
	return nil
}

// replace puts a new base in the place of the old one and what it covers of
// the log. What was there is kept as one older generation, for people to look at.
func (s *store) replace(base entry, log []entry) error {
	if err := s.mine(); err != nil {
		return err
	}
	if err := s.log.Sync(); err != nil {
		return err
	}
	for _, name := range []string{baseFile, logFile} {
		if err := keepOld(s.path(name)); err != nil {
			return err
		}
	}
	if err := writeWhole(s.path(baseFile), encodeEntry(nil, base)); err != nil {
		return err
	}
	var p []byte
	for _, e := range log {
		p = encodeEntry(p, e)
	}
	if err := writeWhole(s.path(logFile), p); err != nil {
		return err // the old log is still right: what the base covers is left out of it
	}
	next, err := os.OpenFile(s.path(logFile), os.O_RDWR, 0o600)
	if err == nil {
		_, err = next.Seek(0, io.SeekEnd)
	}
	if err != nil {
		s.bad = err // the file that is open is no longer the log
		return err
	}
	_ = s.log.Close() // it was synced, and is replaced
	s.log, s.end = next, int64(len(p))
	return nil
}

// sync waits until everything is on the disk.
func (s *store) sync() error { return s.log.Sync() }

// close may be called again.
func (s *store) close() error {
	err := s.log.Sync()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return errors.Join(err, s.log.Close())
}

func encodeEntry(p []byte, e entry) []byte {
	at := len(p)
	p = binary.BigEndian.AppendUint32(p, uint32(len(e.Data)))
	p = binary.BigEndian.AppendUint32(p, 0)
	p = binary.BigEndian.AppendUint64(p, uint64(e.Seq))
	p = append(p, e.Data...)
	binary.BigEndian.PutUint32(p[at+4:], crc32.ChecksumIEEE(p[at+8:]))
	return p
}

func readEntry(in io.Reader) (entry, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return entry{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxBase {
		return entry{}, errTorn
	}
	p := make([]byte, 8+int(n))
	copy(p, head[8:])
	if _, err := io.ReadFull(in, p[8:]); err != nil {
		return entry{}, err
	}
	if crc32.ChecksumIEEE(p) != binary.BigEndian.Uint32(head[4:]) {
		return entry{}, errTorn
	}
	return entry{int64(binary.BigEndian.Uint64(head[8:])), p[8:]}, nil
}

var errTorn = errors.New("a record is damaged")

// readBase reads the base; none is an empty one.
func readBase(name string) (entry, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, err
	}
	defer f.Close()
	e, err := readEntry(f)
	if err != nil {
		return entry{}, fmt.Errorf("%s: %w; %s.old is the one before", name, err, name)
	}
	return e, nil
}

// writeWhole makes a file that is either the old one or all of the new one.
func writeWhole(name string, p []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is of no use to anybody
		return err
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes a renaming last. Not every system can; then it lasts as far as it does.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// keepOld copies a file to its name with .old.
func keepOld(name string) error {
	p, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeWhole(name+".old", p)
}
