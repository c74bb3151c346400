import Foundation

/// The parts of paths. Foundation's own way to them, by way of `NSString`, traps on Linux where a path is one character.
public enum FilePath {
    /// The folder that a path's last part lies in: empty for a name alone, `/` for what lies there.
    public static func folder(of path: String) -> String {
        let trimmed = withoutSlashesBehind(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return "" }
        let folder = withoutSlashesBehind(trimmed[..<slash])
        return folder.isEmpty ? "/" : String(folder)
    }

    /// The last part of a path.
    public static func name(of path: String) -> String {
        let trimmed = withoutSlashesBehind(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return String(trimmed) }
        return String(trimmed[trimmed.index(after: slash)...])
    }

    /// What stands in front of the last point of a path's last part; all of it where there is no point, or only one in front.
    public static func stem(of path: String) -> String {
        let name = name(of: path)
        guard let point = name.lastIndex(of: "."), point != name.startIndex else { return name }
        return String(name[..<point])
    }

    /// What lies in a folder, which may be empty.
    public static func joined(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// A name as that of a file: what is no letter, digit, point, hyphen or underscore is an underscore.
    public static func plain(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
    }

    private static func withoutSlashesBehind(_ path: some StringProtocol) -> Substring {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

/// Names that are given away once: whoever asks for one that is taken gets it with a number behind.
public struct DistinctNames {
    private var taken: Set<String> = []
    private var next: [String: Int] = [:]

    public init() {}

    public mutating func name(_ wish: String) -> String {
        if taken.insert(wish).inserted { return wish }
        var number = next[wish] ?? 2
        while !taken.insert("\(wish)-\(number)").inserted { number += 1 }
        next[wish] = number + 1
        return "\(wish)-\(number)"
    }
}

/// A file as such, whatever paths lead to it.
public struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let number: UInt64

    /// Nil where the path leads to nothing.
    public init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
    }
}
