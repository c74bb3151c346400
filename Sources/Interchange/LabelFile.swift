import Foundation
import Graph
import Source

/// Files that say what classes are called.
public enum LabelFile {
    /// Far above any number of classes, far below what exhausts memory.
    private static let largestFile = 64 << 20

    /// Reads the names of classes, in their order.
    ///
    /// A file holds one name a line, empty lines at its end left out; or JSON: a list of names, or an object of names by the class's number, as
    /// `{"0": "tench"}`, where a name may be the last of a list, as `{"0": ["n01440764", "tench"]}`. Control characters are left out.
    ///
    /// Throws where the file cannot be read, is no text, names no class, or leaves one out.
    public static func read(_ path: String) throws(InterchangeError) -> [String] {
        let data = try InputFile.read(path, maximum: largestFile)
        let repair = "write one name a line, or a JSON list of names"
        guard let text = String(data: data, encoding: .utf8) else {
            throw InterchangeError(path, "this is no UTF-8 text", repair: repair)
        }
        let isJSON = text.drop { $0.isWhitespace }.first.map { "[{".contains($0) } ?? false
        if isJSON {
            let names = try json(data, path)
            if names.isEmpty { throw InterchangeError(path, "no class is named there", repair: repair) }
            return names
        }
        do throws(ClassLabels.Problem) {
            return try ClassLabels(lines: text).names
        } catch {
            throw InterchangeError(path, error.message, repair: error.repair)
        }
    }

    private static func json(_ data: Data, _ path: String) throws(InterchangeError) -> [String] {
        let repair = "write a list of names, or an object with a name for each number from 0"
        guard let content = try? JSONSerialization.jsonObject(with: data) else {
            throw InterchangeError(path, "this begins as JSON does, and is none", repair: repair)
        }
        var values: [Any]
        if let object = content as? [String: Any] {
            values = []
            for number in 0..<object.count {
                guard let value = object[String(number)] else {
                    throw InterchangeError(path, "no name is given for the class \(number) of \(object.count)", repair: repair)
                }
                values.append(value)
            }
        } else {
            values = content as? [Any] ?? []
        }
        var names: [String] = []
        for (number, value) in values.enumerated() {
            guard let name = value as? String ?? (value as? [Any])?.last as? String, !name.isEmpty else {
                throw InterchangeError(path, "the name of the class \(number) is no text", repair: repair)
            }
            names.append(DisplayText.sanitized(name))
        }
        return names
    }
}
