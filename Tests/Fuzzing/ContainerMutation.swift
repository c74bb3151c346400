import TestSupport

/// Files made of pieces, which are changed piece by piece and are sound containers afterwards, so that what is in them is read: chunks of PNG with their
/// checksums, chunks of RIFF, segments of JPEG, entries of archives.
enum ContainerMutation {
    /// Pieces dropped, repeated, exchanged, taken from another file of the format, or changed within; nil where the file has no pieces.
    static func changed(_ file: [UInt8], _ other: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard let form = Form(file) else { return nil }
        var pieces = form.pieces(file)
        let others = Form(other) == form ? form.pieces(other) : []
        guard !pieces.isEmpty else { return nil }
        for _ in 0..<Int.random(in: 1...3, using: &random) where !pieces.isEmpty {
            let at = Int.random(in: 0..<pieces.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: pieces.remove(at: at)
            case 1: pieces.insert(pieces[at], at: Int.random(in: 0...pieces.count, using: &random))
            case 2: pieces.swapAt(at, Int.random(in: 0..<pieces.count, using: &random))
            case 3 where !others.isEmpty: pieces[at] = random.choose(others)
            case 4 where !others.isEmpty: pieces.insert(random.choose(others), at: at)
            default:
                guard !pieces[at].isEmpty else { continue }
                // The first bytes say what the rest means.
                let reach = Bool.random(using: &random) ? min(24, pieces[at].count) : pieces[at].count
                pieces[at][Int.random(in: 0..<reach, using: &random)] = random.choose([0, 1, 2, 3, 4, 8, 16, 0x11, 0x7f, 0x80, 0xfe, 0xff])
            }
        }
        return form.file(pieces)
    }

    private enum Form {
        case png, riff, jpeg

        init?(_ file: [UInt8]) {
            if file.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
                self = .png
            } else if file.starts(with: Array("RIFF".utf8)) {
                self = .riff
            } else if file.starts(with: [0xff, 0xd8]) {
                self = .jpeg
            } else {
                return nil
            }
        }

        /// Of PNG and RIFF the name and content of each chunk, of JPEG what stands between two markers, with the first.
        func pieces(_ file: [UInt8]) -> [[UInt8]] {
            var pieces: [[UInt8]] = []
            switch self {
            case .png:
                var place = 8
                while place + 12 <= file.count {
                    let size = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
                    guard size <= file.count - place - 12 else { break }
                    pieces.append(Array(file[place + 4..<place + 8 + size]))
                    place += 12 + size
                }
            case .riff:
                var place = 12
                while place + 8 <= file.count {
                    let size = file[place + 4..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
                    guard size <= file.count - place - 8 else { break }
                    pieces.append(Array(file[place..<place + 4] + file[place + 8..<place + 8 + size]))
                    place += 8 + size + size % 2
                }
            case .jpeg:
                var place = 2
                for index in 3..<max(3, file.count - 1) where file[index] == 0xff && file[index + 1] >= 0xc0 {
                    if index > place { pieces.append(Array(file[place..<index])) }
                    place = index
                }
                pieces.append(Array(file[place...]))
            }
            return pieces
        }

        func file(_ pieces: [[UInt8]]) -> [UInt8] {
            func number(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { Array($0) } }
            var file: [UInt8]
            switch self {
            case .png:
                file = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
                for piece in pieces {
                    file += number(piece.count - 4)
                    file += piece
                    file += number(Int(Checksum.crc32(piece[...])))
                }
            case .riff:
                var body = Array("WEBP".utf8)
                for piece in pieces {
                    body += piece.prefix(4)
                    body += number(piece.count - 4).reversed()
                    body += piece.dropFirst(4)
                    if piece.count % 2 == 1 { body.append(0) }
                }
                file = Array("RIFF".utf8)
                file += number(body.count).reversed()
                file += body
            case .jpeg: file = [0xff, 0xd8] + pieces.joined()
            }
            return file
        }
    }

    /// Sets the checksums of an archive's entries that are stored as they are to what they are now, where the directory says.
    static func seal(_ archive: inout [UInt8]) {
        func integer(_ place: Int, _ count: Int) -> Int { archive[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) } }
        var index = 0
        while index + 46 <= archive.count {
            guard archive[index...].starts(with: [0x50, 0x4b, 1, 2]) else { index += 1; continue }
            let (header, size) = (integer(index + 42, 4), integer(index + 24, 4))
            if integer(index + 10, 2) == 0, header + 30 <= archive.count {
                let start = header + 30 + integer(header + 26, 2) + integer(header + 28, 2)
                if start + size <= archive.count {
                    let sum = withUnsafeBytes(of: Checksum.crc32(archive[start..<start + size]).littleEndian) { Array($0) }
                    archive.replaceSubrange(index + 16..<index + 20, with: sum)
                    archive.replaceSubrange(header + 14..<header + 18, with: sum)
                }
            }
            index += 46
        }
    }
}

enum Checksum {
    /// The sum of PNG's chunks and of archives (ISO 3309), bit by bit: files here are small.
    static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
