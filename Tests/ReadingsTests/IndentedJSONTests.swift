import OTLP
import Readings
import Testing

@Suite struct IndentedJSONTests {
    @Test(
        arguments: [
            "{}", "[]", "null", #""{,}:[]""#, #"{"a":[],"b":{},"c":[{"d":1}]}"#,
            #"{"a\"{":"\\","b":[[1,2],[{}]]}"#, #"["\\",{"x":"\"]"}]"#,
        ])
    func itReadsAsThePrettyWriterWrites(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(indentedJSON(value.serialized()) == value.serialized(pretty: true))
    }
}
