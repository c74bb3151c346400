import Foundation
import Interchange
import TestSupport

/// Changes of files of any kind. A text of an input has a letter, of the first 256, for each of their bytes.
enum FileMutation {
    static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    /// Letters that are no bytes, as those of a text that was made otherwise, stand for a question mark.
    static func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(exactly: $0.value) ?? UInt8(ascii: "?") } }

    /// A file changed: mostly such that it is still a sound container of something that is not, else byte by byte.
    static func changed(_ kind: FuzzInput.Kind, _ file: [UInt8], _ other: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        let isPlain = Int.random(in: 0..<4, using: &random) == 0
        switch kind {
        case .onnx:
            guard !isPlain, var tree = ProtobufTree(file), let donor = ProtobufTree(other) else { break }
            if Bool.random(using: &random) { tree.changeNumbers(donor, &random) } else { tree.change(donor, &random) }
            return tree.bytes
        case .png, .jpeg, .webp:
            guard !isPlain, let changed = ContainerMutation.changed(file, other, &random) else { break }
            return changed
        case .npz, .pth:
            var changed = changedBytes(file, other, &random)
            if isPlain { return changed }
            if Bool.random(using: &random) { ContainerMutation.seal(&changed) } else { removeChecksums(&changed) }
            return changed
        case .idx:
            guard Gzip.isCompressed(Data(file)), !isPlain, let content = try? Gzip.expand(Data(file), path: "", maximum: 1 << 16) else {
                break
            }
            return Gzip.compress(changedBytes(content, other, &random))
        default: break
        }
        return changedBytes(file, other, &random)
    }

    /// A few bytes changed, removed, copied or taken from another file, numbers made extreme.
    private static func changedBytes(_ file: [UInt8], _ other: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = file
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...16, using: &random))
            switch Int.random(in: 0..<9, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes[at] = random.choose([0, 1, 0x7f, 0x80, 0xff])
            case 3: bytes.replaceSubrange(at..<end, with: [UInt8](repeating: random.choose([0, 0xff, 0x7f]), count: end - at))
            case 4: bytes.removeSubrange(at..<end)
            case 5: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 6 where !other.isEmpty:
                let from = Int.random(in: 0..<other.count, using: &random)
                bytes.replaceSubrange(at..<end, with: other[from..<min(other.count, from + 16)])
            case 7: changeNumber(&bytes, near: at, &random)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0...64, using: &random)))
            }
        }
        return bytes
    }

    private static let numbers = [
        "0", "1", "-1", "255", "256", "65536", "2147483648", "4294967295", "9223372036854775807", "99999999999999999999",
    ]

    /// The next number in digits, if there is one.
    private static func changeNumber(_ bytes: inout [UInt8], near place: Int, _ random: inout SplitMix) {
        let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Array(random.choose(numbers).utf8))
    }

    /// Sets the checksums in the directory of an archive to 0, which stands for none in files of PyTorch.
    private static func removeChecksums(_ bytes: inout [UInt8]) {
        var index = 0
        while index + 46 <= bytes.count {
            if bytes[index...].starts(with: [0x50, 0x4b, 1, 2]) {
                for place in index + 16..<index + 20 { bytes[place] = 0 }
                index += 46
            } else {
                index += 1
            }
        }
    }
}
