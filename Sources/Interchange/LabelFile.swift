import Foundation
import Graph
import Source

/// Files that say what classes are called.
public enum LabelFile {
    /// Far above the names of any number of classes, far below what exhausts memory.
    private static let largestFile = 16 << 20

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
        // With a name and what stands before it for every class there are two commas each; what is read takes a hundred bytes and more.
        guard commas(of: data) <= 2 * ClassLabels.largestCount else { throw excess(path) }
        guard let content = try? JSONSerialization.jsonObject(with: data) else {
            throw InterchangeError(path, "this begins as JSON does, and is none", repair: repair)
        }
        let count = (content as? [String: Any])?.count ?? (content as? [Any])?.count ?? 0
        guard count <= ClassLabels.largestCount else { throw excess(path) }
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

    private static func excess(_ path: String) -> InterchangeError {
        InterchangeError(
            path, "it names more than \(ClassLabels.largestCount) classes", repair: "\(ClassLabels.largestCount) are the limit")
    }

    /// How many commas of a text in JSON stand outside of its strings.
    private static func commas(of data: Data) -> Int {
        data.withUnsafeBytes { bytes in
            var (count, isInString, isEscaped) = (0, false, false)
            for byte in bytes {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\"") {
                    isInString.toggle()
                } else if isInString {
                    isEscaped = byte == UInt8(ascii: "\\")
                } else if byte == UInt8(ascii: ",") {
                    count += 1
                }
            }
            return count
        }
    }
}
