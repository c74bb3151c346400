import Foundation

/// The formats of picture files that are read. A file is told by its first bytes, whatever it is called; in folders pictures are found by the
/// endings of their names.
public enum ImageFormat: CaseIterable, Sendable {
    case png, jpeg, webp, netpbm

    /// The format of a file that begins so; nil of any other.
    public init?(of file: some RandomAccessCollection<UInt8>) {
        guard let format = Self.allCases.first(where: { $0.begins(file.prefix(12)) }) else { return nil }
        self = format
    }

    private func begins(_ start: some RandomAccessCollection<UInt8>) -> Bool {
        switch self {
        case .png: return start.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        case .jpeg: return start.starts(with: [0xff, 0xd8])
        case .webp: return start.starts(with: Array("RIFF".utf8)) && start.dropFirst(8).elementsEqual("WEBP".utf8)
        case .netpbm:
            let head = Array(start.prefix(3))
            return head.count == 3 && head[0] == UInt8(ascii: "P") && NetpbmForm(digit: head[1]) != nil && NetpbmReader.isBreak(head[2])
        }
    }

    /// What it is called.
    public var name: String {
        switch self {
        case .png: "PNG"
        case .jpeg: "JPEG"
        case .webp: "WebP"
        case .netpbm: "PNM"
        }
    }

    /// What the names of its files end in, in lower case and without the dot.
    public var endings: [String] {
        switch self {
        case .png: ["png"]
        case .jpeg: ["jpg", "jpeg"]
        case .webp: ["webp"]
        case .netpbm: ["ppm", "pgm", "pbm", "pnm"]
        }
    }

    /// The names of all formats, for sentences: "PNG, JPEG, WebP or PNM".
    public static let names = listed(allCases.map(\.name))
    /// The endings of all formats, for sentences: ".png, .jpg, … or .pnm".
    public static let endingNames = listed(allCases.flatMap(\.endings).map { ".\($0)" })

    private static func listed(_ words: [String]) -> String { "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")" }
}
