package hello

import "encoding/binary"

// The addresses of all of it: it is mapped as it is, and begins behind the headers.
const (
	base    = 0x400000
	headers = 64 + 56
)

// Program is an executable file for Linux on amd64 or arm64, which writes a text of less than 64 KiB to its standard output and
// ends. Everywhere else there is none, and it is empty.
func Program(arch, text string) []byte {
	var machine uint16
	var code []byte
	switch arch {
	case "amd64":
		machine, code = 62, onAMD64(len(text)) // EM_X86_64
	case "arm64":
		machine, code = 183, onARM64(len(text)) // EM_AARCH64
	default:
		return nil
	}
	size := uint64(headers + len(code) + len(text))
	file := append([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, make([]byte, 9)...) // 64 bits, little endian
	file = le16(file, 2, machine)                                            // ET_EXEC
	file = le32(file, 1)
	file = le64(file, base+headers, 64, 0) // where it begins; the segment's header is next; there are no sections
	file = le32(file, 0)
	file = le16(file, 64, 56, 1, 64, 0, 0)
	file = le32(file, 1, 5) // PT_LOAD: map it, for reading and executing
	file = le64(file, 0, base, base, size, size, 0x10000)
	return append(append(file, code...), text...)
}

// onAMD64 calls write(1, text, length), and exit(0): the number of the call is in rax, its arguments in rdi, rsi and rdx
// (syscall(2)). The text is right behind.
func onAMD64(length int) []byte {
	code := []byte{
		0xb8, 1, 0, 0, 0, // mov eax, 1: write
		0xbf, 1, 0, 0, 0, // mov edi, 1
		0x48, 0x8d, 0x35, 16, 0, 0, 0, // lea rsi, [rip+16]
		0xba, // mov edx, length
	}
	return append(le32(code, uint32(length)), //nolint:gosec // it is short
		0x0f, 0x05, // syscall
		0xb8, 60, 0, 0, 0, // mov eax, 60: exit
		0x31, 0xff, // xor edi, edi
		0x0f, 0x05) // syscall
}

// onARM64 does so where the number is in x8, and the arguments are in x0, x1 and x2.
func onARM64(length int) []byte {
	const svc = 0xd4000001
	load := func(register, value uint32) uint32 { return 0xd2800000 | value<<5 | register } // movz
	return le32(nil,
		load(0, 1),
		0x10000000|28/4<<5|1,    // adr x1, 28 bytes on
		load(2, uint32(length)), //nolint:gosec // it is short
		load(8, 64), svc,        // write
		load(0, 0),
		load(8, 93), svc) // exit
}

func le16(to []byte, values ...uint16) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint16(to, v)
	}
	return to
}

func le32(to []byte, values ...uint32) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint32(to, v)
	}
	return to
}

func le64(to []byte, values ...uint64) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint64(to, v)
	}
	return to
}
