import Foundation
import Graph

/// What tells whether a safetensors file is as it was written: SHA-256 digests among its metadata.
///
/// `braid.sha256.NAME` is the digest of the bytes of the tensor NAME. `braid.sha256` is that of a text with a line for every tensor, by name
/// (its name in quotes, type and shape), and one for all other metadata, by key (both in quotes): so that neither can change unnoticed.
/// A tool that changes tensors and keeps the metadata makes a file that is refused; whoever means to leaves these keys out.
struct SafetensorsChecksums: Sendable {
    private static let key = "braid.sha256"
    private static let prefix = key + "."

    /// The digest over names, types, shapes and metadata; nil where it is missing.
    private let header: String?
    /// The digests of the tensors' bytes, by name.
    let tensors: [String: String]

    /// Takes the checksums out of a header's metadata; nil where there are none.
    static func separate(_ metadata: [String: String]) -> (metadata: [String: String], checksums: SafetensorsChecksums?) {
        let tensors = metadata.filter { $0.key.hasPrefix(prefix) }
        if tensors.isEmpty, metadata[key] == nil { return (metadata, nil) }
        let names = Dictionary(tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) }) { first, _ in first }
        return (
            metadata.filter { $0.key != key && !$0.key.hasPrefix(prefix) }, SafetensorsChecksums(header: metadata[key], tensors: names)
        )
    }

    /// Checks the header; the tensors are checked when they are read.
    func check(_ entries: [Safetensors.Entry], _ metadata: [String: String], path: String) throws(InterchangeError) {
        let digest = Self.digest(entries.map { ($0.name, $0.element, $0.shape) }, metadata, tensors)
        if header != digest { throw Self.failure(path, nil) }
    }

    /// The checksums of a file with these tensors and metadata, on all cores.
    static func fields(_ tensors: [HostTensor], _ metadata: [String: String]) -> [String: String] {
        let digests = [String](unsafeUninitializedCapacity: tensors.count) { buffer, count in
            nonisolated(unsafe) let buffer = buffer
            DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
                buffer.initializeElement(at: index, to: SHA256.hexadecimal(tensors[index].bytes))
            }
            count = tensors.count
        }
        let named = Dictionary(zip(tensors, digests).map { ($0.name, $1) }) { first, _ in first }
        return fields(tensors.map { ($0.name, $0.element, $0.shape) }, named, metadata)
    }

    /// The checksums of a file with these tensors, the digests of whose bytes are known.
    static func fields(
        _ tensors: [(name: String, element: StoredElement, shape: [Int])], _ named: [String: String], _ metadata: [String: String]
    ) -> [String: String] {
        var fields = Dictionary(named.map { (prefix + $0.key, $0.value) }) { first, _ in first }
        fields[key] = digest(tensors, metadata, named)
        return fields
    }

    private static func digest(
        _ tensors: [(name: String, element: StoredElement, shape: [Int])], _ metadata: [String: String], _ digests: [String: String]
    ) -> String {
        let all = metadata.merging(digests.map { (prefix + $0.key, $0.value) }) { first, _ in first }
        let lines =
            tensors.sorted { $0.name < $1.name }.map { "\(Self.quoted($0.name)) \($0.element.safetensorsName) \($0.shape)" }
            + all.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)) \(Self.quoted($0.value))" }
        return SHA256.hexadecimal(Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// A text between quotes in the one spelling that checksums are of, whatever a writer of JSON chooses.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case ..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The error of a tensor, or of the header where it is nil, that is not as it was written.
    static func failure(_ path: String, _ tensor: String?) -> InterchangeError {
        InterchangeError(
            path, .entry(tensor.map { "tensor \"\($0)\"" } ?? "__metadata__"),
            "the file is damaged: its checksum is another than when it was written",
            repair:
                "copy it again, or take an earlier one; if it was changed on purpose, save it without the metadata \(key) and \(prefix)*")
    }
}

/// A SHA-256 digest that is computed beside what else is done with the bytes.
final class BackgroundDigest: @unchecked Sendable {
    // Unchecked: `begin` and `end` alternate, and what runs between them is waited for.
    private let digest = SHA256()
    private let work = DispatchGroup()
    /// Handing over what is smaller takes longer than digesting it.
    private static let smallest = 1 << 16

    /// Starts to digest bytes, which must stay until `end`.
    func begin(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count < Self.smallest { return digest.update(bytes) }
        nonisolated(unsafe) let bytes = bytes
        DispatchQueue.global(qos: .userInitiated).async(group: work) { [self] in digest.update(bytes) }
    }

    func end() { work.wait() }

    /// Returns 64 hexadecimal digits; the last call.
    func finish() -> String { digest.hexadecimalDigits() }
}
