/// Paths of the files that sources name.
public enum SourcePath {
    /// The path of a file that the source `path` names as `item`, as file readers are asked for it.
    public static func target(of item: String, from path: String) -> String {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return normalized(folder.isEmpty || item.hasPrefix("/") ? item : folder + "/" + item)
    }

    /// `a/./b/../c` as `a/c`; a leading `..` stays.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
