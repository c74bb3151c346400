import Foundation
import Interchange
import TestSupport

/// Changes of files of tensors: safetensors, .npy, .npz and .pth. A text of an input has a letter, of the first 256, for each of their bytes.
enum FileMutation {
    static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    /// Letters that are no bytes, as those of a text that was made otherwise, stand for a question mark.
    static func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(exactly: $0.value) ?? UInt8(ascii: "?") } }

    /// The files of PyTorch among the tests' cases, and small ones of the other formats.
    static func corpus(root: URL) throws -> [[UInt8]] {
        let folder = root.appending(path: "Tests/InterchangeTests/Cases/pytorch")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        var files = try names.map { [UInt8](try Data(contentsOf: folder.appending(path: $0))) }
        let tensors = [
            HostTensor(name: "conv.weight", shape: [2, 1, 3, 3], floats: (0..<18).map(Float.init)),
            HostTensor(name: "b", shape: [], int64s: [7]),
            HostTensor(name: "half", element: .f16, shape: [0, 3], bytes: []),
            HostTensor(name: "u", element: .u8, shape: [3], bytes: [1, 2, 3]),
        ]
        files += tensors.map { NumPy.encode($0) }
        let place = FileManager.default.temporaryDirectory.appending(path: "braid-corpus-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        func written(_ write: (String) throws -> Void) throws -> [UInt8] {
            try write(place)
            return [UInt8](try Data(contentsOf: URL(filePath: place)))
        }
        files.append(try written { try Safetensors.write(tensors, metadata: ["network": "n"], to: $0) })
        // What is made by others has no checksums, which would refuse most changes.
        files.append(plainSafetensors)
        let outputs = tensors.map { tensor in TensorOutput(name: tensor.name, element: tensor.element, shape: tensor.shape) { tensor.bytes }
        }
        for compresses in [false, true] { files.append(try written { try NumPy.writeArchive(outputs, compresses: compresses, to: $0) }) }
        return files
    }

    private static let plainSafetensors: [UInt8] = {
        let header =
            #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"c":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[16,19]}}"#
        return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) } + Array(header.utf8) + [UInt8](0..<19)
    }()

    /// A few bytes changed, removed, copied or taken from another file, numbers made extreme. Of archives some have no checksums any more, so
    /// that what is in them is read.
    static func changed(_ file: [UInt8], _ other: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = file
        if bytes.starts(with: [0x50, 0x4b]), Bool.random(using: &random) { removeChecksums(&bytes) }
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...16, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes[at] = random.choose([0, 1, 0x7f, 0x80, 0xff])
            case 3: bytes.replaceSubrange(at..<end, with: [UInt8](repeating: random.choose([0, 0xff, 0x7f]), count: end - at))
            case 4: bytes.removeSubrange(at..<end)
            case 5: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 6 where !other.isEmpty:
                let from = Int.random(in: 0..<other.count, using: &random)
                bytes.replaceSubrange(at..<end, with: other[from..<min(other.count, from + 16)])
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0...64, using: &random)))
            }
        }
        return bytes
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
