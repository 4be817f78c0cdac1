package registry

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// model is the registry as one would write it without a thought for speed.
type model struct {
	user   map[string]string
	groups map[string]map[string]bool // id to its groups
}

func (m *model) members(in func(id string) bool) []string {
	var ids []string
	for id := range m.user {
		if in(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New[string]()
		m := &model{user: map[string]string{}, groups: map[string]map[string]bool{}}
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		group := rapid.SampledFrom([]string{"x", "X", "y"})
		user := rapid.SampledFrom([]string{"", "ann", "bob"})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				i, u := id.Draw(t, "id"), user.Draw(t, "user")
				_, taken := m.user[i]
				if r.Add(i, u, i) == taken {
					t.Fatalf("Add(%s) with taken=%t", i, taken)
				}
				if !taken {
					m.user[i], m.groups[i] = u, map[string]bool{}
				}
			},
			"remove": func(t *rapid.T) {
				i := id.Draw(t, "id")
				_, known := m.user[i]
				if c, ok := r.Remove(i); ok != known || (ok && c != i) {
					t.Fatalf("Remove(%s) = %q, %t", i, c, ok)
				}
				delete(m.user, i)
				delete(m.groups, i)
			},
			"join": func(t *rapid.T) {
				i, g := id.Draw(t, "id"), group.Draw(t, "group")
				_, known := m.user[i]
				if r.Join(i, g) != known {
					t.Fatalf("Join(%s)", i)
				}
				if known {
					m.groups[i][g] = true
				}
			},
			"leave": func(t *rapid.T) {
				i, g := id.Draw(t, "id"), group.Draw(t, "group")
				_, known := m.user[i]
				if r.Leave(i, g) != known {
					t.Fatalf("Leave(%s)", i)
				}
				delete(m.groups[i], g)
			},
			"": func(t *rapid.T) { check(t, r, m) },
		})
	})
}

func check(t *rapid.T, r *Registry[string], m *model) {
	same := func(what string, got []string, in func(string) bool) {
		got = slices.Clone(got)
		slices.Sort(got)
		if want := m.members(in); !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	}
	same("All", r.All(), func(string) bool { return true })
	for _, g := range []string{"x", "X", "y"} {
		same("Group "+g, r.Group(g), func(id string) bool { return m.groups[id][g] })
	}
	for _, u := range []string{"ann", "bob"} {
		same("User "+u, r.User(u), func(id string) bool { return m.user[id] == u })
	}
	for id := range m.user {
		got := r.Groups(id)
		slices.Sort(got)
		if len(got) != len(m.groups[id]) {
			t.Fatalf("Groups(%s) = %v", id, got)
		}
	}
	for name, s := range r.groups {
		if s.len() == 0 {
			t.Fatalf("the empty group %q stays", name)
		}
	}
	if r.Len() != len(m.user) {
		t.Fatalf("Len = %d, want %d", r.Len(), len(m.user))
	}
}

func TestSnapshotIsKept(t *testing.T) {
	r := New[int]()
	for i := range 1000 {
		r.Add(fmt.Sprint(i), "", i)
	}
	before := r.All()
	if n := testing.AllocsPerRun(100, func() { r.All() }); n != 0 {
		t.Errorf("a snapshot of a standing crowd costs %v allocations", n)
	}
	r.Remove("7")
	if len(before) != 1000 || before[7] != 7 {
		t.Error("a snapshot changed after it was handed out")
	}
	if len(r.All()) != 999 {
		t.Error("the new snapshot is stale")
	}
}

func TestConcurrently(t *testing.T) {
	r := New[int]()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 500 {
				id := fmt.Sprint(w, "/", i%10)
				r.Add(id, "u", i)
				r.Join(id, "g")
				for range r.Group("g") {
				}
				r.User("u")
				r.All()
				r.Leave(id, "g")
				r.Remove(id)
			}
		})
	}
	wg.Wait()
	if r.Len() != 0 || len(r.groups) != 0 || len(r.users) != 0 {
		t.Errorf("%d connections, %d groups, %d users are left", r.Len(), len(r.groups), len(r.users))
	}
}

func BenchmarkGroupOf1000(b *testing.B) {
	r := New[int]()
	for i := range 1000 {
		id := fmt.Sprint(i)
		r.Add(id, "", i)
		r.Join(id, "g")
	}
	b.ReportAllocs()
	for b.Loop() {
		for range r.Group("g") {
		}
	}
}

func BenchmarkJoinLeave(b *testing.B) {
	r := New[int]()
	r.Add("a", "", 1)
	b.ReportAllocs()
	for b.Loop() {
		r.Join("a", "g")
		r.Leave("a", "g")
	}
}

// BenchmarkJoinOfACrowd is a member that comes to a group of many and leaves
// again, with a message to the group after each: a snapshot is made each time.
func BenchmarkJoinOfACrowd(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := New[int]()
			for i := range n {
				id := fmt.Sprint(i)
				r.Add(id, "", i)
				r.Join(id, "g")
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Leave("7", "g")
				r.Group("g")
				r.Join("7", "g")
				r.Group("g")
			}
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	r := New[int]()
	b.ReportAllocs()
	for b.Loop() {
		r.Add("a", "", 1)
		r.Remove("a")
	}
}
