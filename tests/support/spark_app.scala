// spark_app.py in Scala, for a Spark whose Python part is older than this machine's Python: spark_cluster.py gives it to the
// class of spark-shell. Its role and status file are settings, so that it needs no command line.
import java.nio.file.{Files, Paths, StandardCopyOption}
import org.apache.spark.SparkContext
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions.max
import org.apache.spark.sql.streaming.Trigger

object App extends Serializable {
  val logLines = 4000

  def writeStatus(spark: SparkSession): Unit = {
    val context = spark.sparkContext
    val path = spark.conf.get("spark.sparkgate.status")
    val ui = context.uiWebUrl.map(url => "\"" + url + "\"").getOrElse("null")
    val text = s"""{"id": "${context.applicationId}", "name": "${context.appName}", "ui": $ui}"""
    Files.write(Paths.get(path + ".part"), text.getBytes("UTF-8"))
    Files.move(Paths.get(path + ".part"), Paths.get(path), StandardCopyOption.ATOMIC_MOVE)
  }

  def runQueries(spark: SparkSession): Unit = {
    val people = spark.range(10000).selectExpr("id", "id % 7 AS team", "concat('name-', id) AS name").cache()
    people.createOrReplaceTempView("people")
    spark.sparkContext.setJobDescription("teams <a href=\"/jobs/\">all jobs</a>")  // T33
    spark.sql("SELECT team, count(*) AS members FROM people GROUP BY team ORDER BY team").collect()
    spark.sparkContext.setJobDescription(null)
    val teams = spark.range(7).selectExpr("id AS team", "concat('team-', id) AS label")
    people.join(teams, "team").groupBy("label").agg(max("id")).collect()
  }

  def fillLogs(context: SparkContext): Unit = {
    val lines = logLines
    context.parallelize(0 until 4, 4).foreach { _ =>
      for (number <- 0 until lines) {
        val line = f"line $number%06d of the log, see http://127.0.0.1:8081/ and <a href=" + "\"/jobs/\">&amp;</a>"
        System.out.println(line)
        System.err.println(line)
      }
    }
  }

  def failOnce(spark: SparkSession): Unit =
    try spark.sql("SELECT assert_true(id < 0) FROM range(4)").collect() catch { case _: Exception => () }

  def startStream(spark: SparkSession) = {
    val stream = spark.readStream.format("rate").option("rowsPerSecond", 5).load()
    val count: (DataFrame, Long) => Unit = (batch, _) => batch.count()
    stream.selectExpr("value % 3 AS key").groupBy("key").count().writeStream.queryName("counts by key")
      .outputMode("complete").foreachBatch(count).trigger(Trigger.ProcessingTime("10 seconds")).start()
  }

  def sleepInJobs(spark: SparkSession): Unit = {
    val thread = new Thread(new Runnable {
      def run(): Unit = while (true) try {
        spark.sparkContext.setJobGroup("slow", "a slow job to kill", interruptOnCancel = true)
        spark.sql("SELECT java_method('java.lang.Thread', 'sleep', 3600000L + id) FROM range(1)").collect()
      } catch { case _: Exception => Thread.sleep(200) }
    })
    thread.setDaemon(true)
    thread.start()
  }

  def main(spark: SparkSession): Unit = {
    runQueries(spark)
    if (spark.conf.get("spark.sparkgate.role") == "finished") {
      writeStatus(spark)
      spark.stop()
      System.exit(0)
    }
    fillLogs(spark.sparkContext)
    failOnce(spark)
    val query = startStream(spark)
    sleepInJobs(spark)
    while (query.recentProgress.isEmpty) Thread.sleep(100)
    writeStatus(spark)
    Thread.sleep(Long.MaxValue)
  }
}
App.main(spark)
