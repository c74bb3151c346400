import Compiler
import Foundation
import Interchange

/// The page of a network: one HTML file with all that it needs, which loads nothing.
///
/// The page's own files (`Page/`) are part of the program. What is to be drawn at once stands in it as JSON, the texts of all stages as
/// compressed JSON.
public enum ViewerPage {
    /// The scripts in the order in which they stand in the page; one uses what stands before it.
    static let scripts = [
        PackageResources.format_js, PackageResources.model_js, PackageResources.layered_layout_js, PackageResources.graph_layout_js,
        PackageResources.colors_js, PackageResources.graph_map_js, PackageResources.graph_view_js, PackageResources.graph_keys_js,
        PackageResources.text_view_js,
        PackageResources.layer_pane_js, PackageResources.text_pane_js, PackageResources.passes_pane_js, PackageResources.kernels_pane_js,
        PackageResources.memory_pane_js, PackageResources.roofline_pane_js, PackageResources.gradients_pane_js, PackageResources.finder_js,
        PackageResources.theme_js, PackageResources.main_js,
    ]

    /// The bytes of the page.
    public static func html(_ page: NetworkPage) -> [UInt8] {
        let json = page.json()
        let script = text(Array(scripts.joined(separator: [UInt8(ascii: "\n")])))
        let style = text(PackageResources.page_css)
        // Nothing runs but what stands here, and nothing is loaded from anywhere.
        let policy =
            "default-src 'none'; base-uri 'none'; form-action 'none'; script-src '\(source(script))'; style-src '\(source(style))'"
        var html: [UInt8] = []
        var rest = text(PackageResources.page_html)[...]
        let parts: [String: [UInt8]] = [
            "title": [UInt8](escaped(page.title).utf8), "policy": [UInt8](policy.utf8), "style": [UInt8](style.utf8),
            "script": [UInt8](script.utf8), "overview": escaped(json.overview),
            "texts": [UInt8](Data(Gzip.compress(json.texts, level: 9)).base64EncodedString().utf8),
        ]
        while let start = rest.range(of: "{{"), let end = rest.range(of: "}}", range: start.upperBound..<rest.endIndex) {
            html += rest[..<start.lowerBound].utf8
            let name = String(rest[start.upperBound..<end.lowerBound])
            guard let part = parts[name] else { preconditionFailure("the page has a place for \(name), which there is not") }
            html += part
            rest = rest[end.upperBound...]
        }
        return html + rest.utf8
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// How a policy names the text of a script or style.
    private static func source(_ text: String) -> String {
        "sha256-" + Data(SHA256.digest(Data(text.utf8))).base64EncodedString()
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    /// JSON in which nothing ends the element around it: `<` is written as its escape, which only strings can hold.
    private static func escaped(_ json: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count)
        for byte in json {
            if byte == UInt8(ascii: "<") { result += "\\u003c".utf8 } else { result.append(byte) }
        }
        return result
    }
}
